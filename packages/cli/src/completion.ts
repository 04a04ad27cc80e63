import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { isSource, readSource } from "./source-file.ts";

/**
 * Adds the command that prints a script for a shell, and the one that the script asks for completions.
 *
 * @param words - the command line, for which completions may be asked
 */
export async function addCompletion(pollux: Command, words: readonly string[]): Promise<void> {
  const root = tab(pollux, { completionCommandName: "completion" });
  for (const command of pollux.commands) {
    const completed = root.commands.get(command.name());
    // It takes the description, which has paragraphs; a shell shows a line.
    if (completed !== undefined) completed.description = command.summary() || command.description();
  }
  for (const name of ["run", "expand", "check", "compile"]) {
    const completed = root.commands.get(name);
    for (const argument of completed?.arguments.values() ?? []) {
      argument.handler = (complete) => {
        for (const path of pathsLike(words.at(-1) ?? "")) complete(path, "");
      };
    }
  }
  const named = root.commands.get("expand")?.options.get("function");
  if (named !== undefined && words[0] === "complete" && words.includes("expand")) {
    const found = await coroutinesOf(words);
    named.handler = (complete) => {
      for (const { name, line } of found) complete(name, line);
    };
  }
}

/** Sources and folders that begin with what was typed. */
function pathsLike(typed: string): string[] {
  const folder = typed.endsWith("/") ? typed : dirname(typed);
  return entriesOf(folder).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const path = `${typed.startsWith("./") && folder === "." ? "./" : ""}${join(folder, entry.name)}`;
    if (entry.isDirectory()) return [`${path}/`];
    return isSource(entry.name) ? [path] : [];
  });
}

function entriesOf(folder: string): import("node:fs").Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // What was typed is no folder: nothing completes it.
    return [];
  }
}

/** The coroutines of the file that the command line names. */
async function coroutinesOf(words: readonly string[]): Promise<{ name: string; line: string }[]> {
  const file = words.find(isSource);
  if (file === undefined) return [];
  const { compile } = await import("@pollux/compiler");
  try {
    const found = compile(readSource(file), { filename: file })?.manifest ?? [];
    return found.map(({ name, id }) => ({ name, line: id.replace(/:\d+$/, "") }));
  } catch {
    // No such file, or one that cannot be compiled: a shell's prompt is no place to say so.
    return [];
  }
}
