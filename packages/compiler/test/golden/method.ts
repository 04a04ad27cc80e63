import { co, type Future } from "pollux";

declare const fetchPage: (url: string) => Future<string>;

export class Client {
  #requests = 0;
  readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  get = co(async (path: string) => {
    this.#requests++;
    const page = await fetchPage(`${this.base}${path}`);
    return `${this.#requests}: ${page}`;
  });
}
