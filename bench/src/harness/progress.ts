/** One line on a terminal that says what is being measured, and nothing where nobody watches. */
export class Progress {
  readonly #stream: NodeJS.WriteStream | null;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream.isTTY ? stream : null;
  }

  show(text: string): void {
    this.#stream?.write(`\r\x1b[K${text}`);
  }

  clear(): void {
    this.#stream?.write("\r\x1b[K");
  }
}
