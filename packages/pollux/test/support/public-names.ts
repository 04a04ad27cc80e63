import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ESTree, parseSync } from "rolldown/utils";

/** What a module exports, and whether as a value or as a type alone. */
export type PublicNames = ReadonlyMap<string, "value" | "type">;

/** The names that a source file of the package exports, those that it hands on included. */
export function publicNames(path: string): PublicNames {
  const names = new Map<string, "value" | "type">();
  const { program } = parseSync(path, readFileSync(path, "utf8"));
  for (const node of program.body) {
    if (node.type === "ExportAllDeclaration" && node.exported === null) {
      for (const [name, kind] of publicNames(join(dirname(path), node.source.value))) {
        names.set(name, node.exportKind === "type" ? "type" : kind);
      }
    }
    if (node.type !== "ExportNamedDeclaration") continue;
    for (const specifier of node.specifiers) {
      const type = node.exportKind === "type" || specifier.exportKind === "type";
      names.set(nameOf(specifier.exported), type ? "type" : "value");
    }
    if (node.declaration !== null) declared(node.declaration, names);
  }
  return names;
}

function nameOf(node: ESTree.ModuleExportName): string {
  return node.type === "Literal" ? node.value : node.name;
}

function declared(node: ESTree.Declaration, names: Map<string, "value" | "type">): void {
  if (node.type === "VariableDeclaration") {
    for (const { id } of node.declarations) if (id.type === "Identifier") names.set(id.name, "value");
    return;
  }
  if (!("id" in node) || node.id?.type !== "Identifier") return;
  const { name } = node.id;
  const type = node.type === "TSInterfaceDeclaration" || node.type === "TSTypeAliasDeclaration";
  // A value and a type of one name are one export.
  if (!type || !names.has(name)) names.set(name, type ? "type" : "value");
}
