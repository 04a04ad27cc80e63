import { ClosureFrame, Pending, closure, coroutine, future, places } from "pollux/compiler-runtime";
import "pollux";
class get$Frame extends ClosureFrame {
  constructor(run$2, path) {
    super(run$2);
    this.s0 = path;
  }

  get name() {
    return "get";
  }

  drop() {
    this.s0 = void 0;
  }
}

places(get$Frame, "method.ts", { "1": [15, 18] });

export class Client {
  #requests = 0;
  base;

  constructor(base) {
    this.base = base;
  }

  get = closure(
    (cx, frame, path) => {
      let page;
      let at = 0, value;

      if (frame !== null) {
        at = frame.at;

        if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === Pending) return frame.suspend(cx);

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
          if ((value = future(fetchPage(`${this.base}${path}`)).awaitIn(cx)) === Pending) {
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
    (run$1) => coroutine(function (path) {
      return new get$Frame(run$1, path);
    })
  );
}
