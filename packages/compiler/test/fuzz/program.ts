import { Random } from "./random.ts";

/** A piece of a program: its text, with a place `$n` for each of its parts. */
export interface Piece {
  readonly kind: "statement" | "expression" | "list";
  readonly text: string;
  readonly parts: readonly Piece[];
}

/** The text of a piece; `⟨` and `⟩` stand around what is awaited. */
export function render(piece: Piece): string {
  if (piece.kind === "list") return piece.parts.map(render).join("\n");
  return piece.text.replace(/\$(\d)/g, (_, n: string) => {
    const part = piece.parts[Number(n)];
    return part === undefined ? "" : render(part);
  });
}

export function asAsync(text: string): string {
  return text.replaceAll("⟨", "(await ").replaceAll("⟩", ")");
}

export function asGenerator(text: string): string {
  return text.replaceAll("⟨", "(yield* ").replaceAll("⟩", ")");
}

/** How a program is written as a stream: what stands at an `await`, a `yield` and a `yield*`. */
export interface StreamForm {
  readonly await: string;
  readonly yield: readonly [string, string];
  readonly all: readonly [string, string];
}

/** As an async generator. */
export const ASYNC_GENERATOR: StreamForm = {
  await: "(await ",
  yield: ["(yield ", ")"],
  all: ["(yield* it(await ", ", 'all'))"],
};

/** As the body of `Stream.make`. */
export const STREAM_MAKE: StreamForm = {
  await: "(yield* ",
  yield: ["(yield* emit(yield* ", "))"],
  all: ["(yield* emitAll(it(yield* ", ", 'all')))"],
};

/** The text of a program that gives values at some of the places where others await. */
export function asStream(text: string, form: StreamForm): string {
  const ends: string[] = [];
  let count = text.length;
  return text.replace(/[⟨⟩]/g, (mark) => {
    if (mark === "⟩") return ends.pop() ?? "";
    count = (Math.imul(count, 0x9e3779b1) >>> 7) + 1;
    const kind = count % 5;
    const [start, end] = kind < 2 ? [form.await, ")"] : kind < 4 ? form.yield : form.all;
    ends.push(end);
    return start;
  });
}

const e = (text: string, ...parts: Piece[]): Piece => ({ kind: "expression", text, parts });
const s = (text: string, ...parts: Piece[]): Piece => ({ kind: "statement", text, parts });

/** A hole of a template literal, with a part in it. */
const hole = (n: number): string => `\${$${n}}`;

interface Around {
  /** Variables that may be read, and those that may be assigned. */
  readonly names: readonly string[];
  readonly assignable: readonly string[];
  readonly labels: readonly { readonly name: string; readonly isLoop: boolean }[];
  readonly inLoop: boolean;
  readonly inSwitch: boolean;
  readonly depth: number;
  /** Whether an `await` may stand here: not so in a function inside. */
  readonly awaits: boolean;
}

/** Makes random programs: the body of a function that may await. */
export class Generator {
  private readonly random: Random;
  private counter = 0;
  private readonly deepest: number;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.deepest = 1 + this.random.below(3);
  }

  program(): Piece {
    const around: Around = {
      names: ["p", "q", "a", "c"],
      assignable: ["p", "a", "c"],
      labels: [],
      inLoop: false,
      inSwitch: false,
      depth: 0,
      awaits: true,
    };
    return {
      kind: "list",
      text: "",
      parts: [
        s("let a = 1, c = 'c'; const fns = [];"),
        this.list(around, 1 + this.random.below(3)),
        s("return [a, c, p, ...fns.map((f) => f())];"),
      ],
    };
  }

  private id(): number {
    return ++this.counter;
  }

  private list(around: Around, length: number): Piece {
    const parts: Piece[] = [];
    let at = around;
    for (let i = 0; i < length; i++) {
      const [piece, names] = this.statement(at);
      parts.push(piece);
      if (names.read.length > 0) {
        at = {
          ...at,
          names: [...at.names, ...names.read],
          assignable: [...at.assignable, ...names.assign],
        };
      }
    }
    return { kind: "list", text: "", parts };
  }

  private block(around: Around): Piece {
    return this.list({ ...around, depth: around.depth + 1 }, 1 + this.random.below(2));
  }

  private statement(around: Around): [Piece, { read: string[]; assign: string[] }] {
    const none = { read: [], assign: [] };
    const { random } = this;
    const isDeep = around.depth >= this.deepest;
    const choice = random.below(isDeep ? 9 : 24);
    const x = (): Piece => this.expression(around, random.below(3) + 1);
    switch (choice) {
      case 0:
      case 1:
        return [s("t($0);", x()), none];
      case 2:
        return [s("$0;", x()), none];
      case 3: {
        const name = `v${this.id()}`;
        const kind = random.pick(["let", "const", "let"]);
        return [s(`${kind} ${name} = $0;`, x()), { read: [name], assign: kind === "let" ? [name] : [] }];
      }
      case 4: {
        const [first, second, third] = [`v${this.id()}`, `v${this.id()}`, `v${this.id()}`];
        const pattern = random.pick([
          `[${first}, ${second} = $1, ...${third}] = [$0, undefined, $2]`,
          `{ ${first}, x: ${second} = $1, ...${third} } = { ${first}: $0, z: $2 }`,
          `[${first} = $0, [${second}], ${third} = $2] = it(undefined, [$1])`,
          `{ x: { ${first} = $0 }, [t("k")]: ${second} = $1, ${third} = $2 } = { x: {} }`,
        ]);
        return [s(`const ${pattern};`, x(), x(), x()), { read: [first, second], assign: [] }];
      }
      case 5: {
        const name = random.pick(around.names);
        return [s(`fns.push(() => ${name});`), none];
      }
      case 6: {
        const name = random.pick(around.assignable);
        return [s(`fns.push(() => { ${name} = ${name} + 1; return ${name}; });`), none];
      }
      case 7:
        return [s("t(fns.map((f) => f()));"), none];
      case 8:
        return [this.jump(around), none];
      case 9:
      case 10:
        return random.chance(50)
          ? [s("if ($0) {\n$1\n}", x(), this.block(around)), none]
          : [s("if ($0) {\n$1\n} else {\n$2\n}", x(), this.block(around), this.block(around)), none];
      case 11:
        return [this.loop(around, (body) => s("while (f() && $0) {\n$1\n}", x(), body)), none];
      case 12:
        return [this.loop(around, (body) => s("do {\n$1\n} while (f() && $0);", x(), body)), none];
      case 13:
      case 14: {
        const name = `i${this.id()}`;
        const inner = { ...around, names: [...around.names, name], assignable: [...around.assignable] };
        return [
          this.loop(inner, (body) =>
            s(
              `for (let ${name} = 0; ${name} < ${1 + random.below(3)} && f(); ${name}++) {\n$0\nfns.push(() => ${name});\n}`,
              body,
            ),
          ),
          none,
        ];
      }
      case 15:
      case 16: {
        const name = `x${this.id()}`;
        const inner = { ...around, names: [...around.names, name] };
        const source = random.pick(["[$0, $1]", "it($0, $1)", "it($0, $1)"]);
        return [
          this.loop(inner, (body) =>
            s(
              `for (${random.pick(["const", "let", "var"])} ${name} of ${source}) {\n$2\nif (!f()) break;\n}`,
              x(),
              x(),
              body,
            ),
          ),
          none,
        ];
      }
      case 17: {
        const name = `k${this.id()}`;
        const inner = { ...around, names: [...around.names, name] };
        return [
          this.loop(inner, (body) =>
            s(`for (const ${name} in { x: $0, y: 2 }) {\n$1\nif (!f()) break;\n}`, x(), body),
          ),
          none,
        ];
      }
      case 18: {
        const inner: Around = { ...around, inSwitch: true, depth: around.depth + 1 };
        const end = (): Piece => random.pick([s("break;"), s(""), s("break;")]);
        return [
          s(
            "switch ($0) {\ncase $1:\n$2\n$3\ncase 1:\n$4\n$5\ndefault:\n$6\n$7\ncase 'c':\n$8\n}",
            x(),
            this.expression({ ...around, awaits: around.awaits && random.chance(30) }, 2),
            this.block(inner),
            end(),
            this.block(inner),
            end(),
            this.block(inner),
            end(),
            this.block(inner),
          ),
          none,
        ];
      }
      case 19:
      case 20:
      case 21:
        return [this.try(around), none];
      case 22: {
        const name = `l${this.id()}`;
        const inner = { ...around, labels: [...around.labels, { name, isLoop: false }] };
        return [s(`${name}: {\n$0\n}`, this.block(inner)), none];
      }
      default: {
        const name = `fn${this.id()}`;
        const inner = { ...around, awaits: false };
        return [
          s(
            `function ${name}(n) { return n > 0 ? ${name}(n - 1) : $0; }\nt(${name}(1));`,
            this.expression(inner, 2),
          ),
          none,
        ];
      }
    }
  }

  private loop(around: Around, make: (body: Piece) => Piece): Piece {
    const isLabelled = this.random.chance(35);
    const name = `l${this.id()}`;
    const labels = isLabelled ? [...around.labels, { name, isLoop: true }] : around.labels;
    const inner: Around = { ...around, labels, inLoop: true, inSwitch: false };
    const loop = make(this.block(inner));
    return isLabelled ? s(`${name}: $0`, loop) : loop;
  }

  private try(around: Around): Piece {
    const body = this.block(around);
    const name = `e${this.id()}`;
    const handler = this.block({
      ...around,
      names: [...around.names, name],
      assignable: [...around.assignable, name],
    });
    const finalizer = this.block(around);
    switch (this.random.below(3)) {
      case 0:
        return s(`try {\n$0\n} catch (${name}) {\nt(${name});\n$1\n}`, body, handler);
      case 1:
        return s("try {\n$0\n} finally {\nt('finally');\n$1\n}", body, finalizer);
      default:
        return s(
          `try {\n$0\n} catch (${name}) {\nt(${name});\n$1\n} finally {\nt('finally');\n$2\n}`,
          body,
          handler,
          finalizer,
        );
    }
  }

  private jump(around: Around): Piece {
    const { random } = this;
    const choices: (() => Piece)[] = [
      () => s("if ($0) throw $1;", this.expression(around, 1), this.expression(around, 1)),
      () => s("if ($0) return $1;", this.expression(around, 1), this.expression(around, 2)),
    ];
    if (around.inLoop) {
      choices.push(() => s("if ($0) continue;", this.expression(around, 1)));
      choices.push(() => s("if ($0) break;", this.expression(around, 1)));
    } else if (around.inSwitch) choices.push(() => s("if ($0) break;", this.expression(around, 1)));
    for (const { name, isLoop } of around.labels) {
      choices.push(() => s(`if ($0) break ${name};`, this.expression(around, 1)));
      if (isLoop) choices.push(() => s(`if ($0) continue ${name};`, this.expression(around, 1)));
    }
    return random.pick(choices)();
  }

  private expression(around: Around, depth: number): Piece {
    const { random } = this;
    const x = (): Piece => this.expression(around, depth - 1);
    if (depth <= 0 || random.chance(15)) {
      return random.pick([
        () => e(String(random.below(4))),
        () => e(random.pick(around.names)),
        () => e(random.pick(["'s'", "true", "false", "null", "undefined"])),
        () => e(`t(${this.id()})`),
        () => (around.awaits ? e(`⟨w(${this.id()})⟩`) : e("2")),
      ])();
    }
    switch (random.below(25)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return around.awaits ? e("⟨w($0)⟩", x()) : e("t($0)", x());
      case 4:
        return e(`($0 ${random.pick(["+", "-", "<", "===", "*"])} $1)`, x(), x());
      case 5:
        return e(`($0 ${random.pick(["&&", "||", "??"])} $1)`, x(), x());
      case 6:
        return e("($0 ? $1 : $2)", x(), x(), x());
      case 7:
        return e(`(${random.pick(around.assignable)} = $0)`, x());
      case 8:
        return e(
          `(${random.pick(around.assignable)} ${random.pick(["+=", "-=", "||=", "&&=", "??="])} $0)`,
          x(),
        );
      case 9:
        return e(`${random.pick(around.assignable)}${random.pick(["++", "--"])}`);
      case 10:
        return e("g($0, $1, $2)", x(), x(), x());
      case 11:
        return e("o.m($0, $1)", x(), x());
      case 12:
        return e("o[$0]", x());
      case 13:
        return e("[$0, ...it($1), $2]", x(), x(), x());
      case 14:
        return e("({ x: $0, [t('k')]: $1, ...o2($2) })", x(), x(), x());
      case 15:
        return e(`\`<${hole(0)}|${hole(1)}>\``, this.expression(around, 1), this.expression(around, 1));
      case 16:
        return e(random.pick(["o?.m($0)", "n?.m($0)", "o.none?.($0)", "o.m?.($0)", "n?.m[$0].z"]), x());
      case 17:
        return e("t($0)", x());
      case 18:
        return e("($0, $1)", x(), x());
      case 19: {
        const [first, second] = [random.pick(around.assignable), random.pick(around.assignable)];
        return e(
          random.pick([
            `([${first}, ${second} = $0] = [$1])`,
            `({ ${first}, x: ${second} = $0 } = { x: $1 })`,
            `([o[$0], ${first} = $1] = it(t(1)))`,
          ]),
          x(),
          x(),
        );
      }
      case 20:
        return e("new K($0, $1).sum", x(), x());
      case 21:
        return e(`tag\`a${hole(0)}b${hole(1)}\``, x(), x());
      case 22:
        return e(`(o[$0] ${random.pick(["=", "+=", "??=", "||="])} $1)`, x(), x());
      case 23:
        return e("(() => $0)()", this.expression({ ...around, awaits: false }, depth - 1));
      default:
        return e("typeof $0", x());
    }
  }
}
