import process from "node:process";
import { styleText } from "node:util";

/** How a piece of text looks in a terminal. */
export type Format = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;
/** Colours a text, or leaves it as it is where nobody would see colours. */
export type Style = (format: Format, text: string) => string;

/** Whether what reads a stream shows colours: `NO_COLOR` and `FORCE_COLOR` decide before the terminal does. */
export function hasColors(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return stream.isTTY === true && stream.hasColors();
}

/** Each line by itself: a line is cut and padded without a colour that runs on. */
const colored: Style = (format, text) =>
  text
    .split("\n")
    .map((line) => (line === "" ? line : styleText(format, line, { validateStream: false })))
    .join("\n");
const plain: Style = (_format, text) => text;

export function styleFor(stream: NodeJS.WriteStream): Style {
  return hasColors(stream) ? colored : plain;
}
