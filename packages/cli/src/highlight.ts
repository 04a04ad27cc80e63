import type { Format, Style } from "./style.ts";

const KEYWORDS =
  "as|async|await|break|case|catch|class|const|continue|declare|default|delete|do|else|export|extends|false|finally|for|" +
  "from|function|get|if|implements|import|in|instanceof|interface|let|new|null|of|private|readonly|return|satisfies|set|" +
  "static|super|switch|this|throw|true|try|type|typeof|undefined|using|var|void|while|with|yield";

/** What has a colour, in the order in which it is looked for. Expressions within a template stay as the text around them. */
const TOKENS: readonly (readonly [name: string, pattern: string, format: Format])[] = [
  ["comment", "//.*|/\\*[^]*?\\*/", "gray"],
  ["string", "\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`", "green"],
  // Where a coroutine waits, and what a state machine does there.
  ["state", "\\bcase \\d+(?=:)|\\bawait\\b|\\byield\\*", "cyan"],
  ["keyword", `(?<![.$\\w])(?:${KEYWORDS})(?![$\\w])`, "magenta"],
  ["number", "(?<![$\\w])\\d[\\w.]*", "yellow"],
];

const ANY = new RegExp(TOKENS.map(([name, pattern]) => `(?<${name}>${pattern})`).join("|"), "g");

/** Colours TypeScript for a terminal: by its words, without reading it, so that any part of a program will do. */
export function highlight(code: string, style: Style): string {
  return code.replace(ANY, (text: string, ...rest: unknown[]) => {
    // The last argument is what the named groups have matched.
    const groups = rest.at(-1) as Record<string, string | undefined>;
    const token = TOKENS.find(([name]) => groups[name] !== undefined);
    return token === undefined ? text : style(token[2], text);
  });
}
