import { Frame1, Pending, closure, coroutine, future } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

const get$about = { name: "get", file: "method.ts", states: { "1": [15, 18] } };

export class Client {
  #requests = 0;
  base;

  constructor(base) {
    this.base = base;
  }

  get = closure(
    get$about,
    (cx, frame, path) => {
      let page;
      let at = 0, value;

      if (frame !== null) {
        at = frame.at;

        if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

        switch (at) {
          case 0:
            path = frame.s0;
            break;
        }
      }

      switch (at) {
        case 0:
          this.#requests++;
          // await fetchPage(`${this.base}${path}`)
          if ((value = future(fetchPage(`${this.base}${path}`)).awaitIn(cx)) === PENDING) {
            frame.at = 1;
            frame.s0 = void 0;

            return frame.suspend(cx);
          }

        // resumed in line 15; live: nothing
        case 1:
          page = value;
          return `${this.#requests}: ${page}`;
      }
    },
    (code) => coroutine(function (path) {
      return new Frame1(code, path);
    })
  );
}
