import { Pending, StreamFrame, closure, future, streaming } from "pollux/compiler-runtime";
import { sleep } from "pollux";

const PENDING = Pending;

// Numbers, one each so many ms, and then those of another stream.
class ticks$Frame extends StreamFrame {
  constructor(code$1, ms, more) {
    super(code$1);
    this.s0 = ms;
    this.s1 = more;
    this.s2 = void 0;
  }

  drop() {
    this.s0 = void 0;
    this.s1 = void 0;
    this.s2 = void 0;
  }
}

const ticks$about = {
  name: "ticks",
  file: "ticks.ts",
  states: {
    "2": [7, 7, "ms", "more", "n"],
    "3": [8, 7, "ms", "more", "n"],
    "5": [10, 5],
    "8": [12, 5, "how", "what"]
  },
  hasFinally: true
};

export const ticks = closure(
  ticks$about,
  function ticks$run(cx, frame, ms, more) {
    let n, how, what;

    let at = 0,
      trap = 0,
      resumed = false,
      leaving = false,
      value;

    if (frame !== null) {
      at = frame.at;

      if (at < 0) {
        leaving = true;
        at = -at;
      }

      resumed = !leaving && at !== 0;

      switch (at) {
        case 0:
          ms = frame.s0;
          more = frame.s1;
          break;

        case 2:
          ms = frame.s0;
          more = frame.s1;
          n = frame.s2;
          trap = 6;
          break;

        case 3:
          ms = frame.s0;
          more = frame.s1;
          n = frame.s2;
          trap = 6;
          break;

        case 5:
          trap = 6;
          break;

        case 8:
          how = frame.s0;
          what = frame.s1;
          break;
      }

      // Cancelled: the `finally` to go through, as if the line had executed `return`.
      if (leaving) {
        switch (at) {
          case 2:

          case 3:

          case 5:
            how = "return";
            what = void 0;
            at = 7;
            break;

          default:
            return;
        }
      }
    }

    while (true) try {
      if (resumed) {
        resumed = false;

        if ((value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);
      }

      switch (at) {
        case 0:
          trap = 6;
          n = 0;

        // loop
        case 1:
          if (!(n < 3)) {
            at = 4;

            continue;
          }
          // await sleep(ms)
          if ((value = future(sleep(ms)).awaitIn(cx)) === PENDING) {
            frame.at = 2;
            frame.s2 = n;

            return frame.suspend(cx);
          }

        // resumed in line 7; live: ms, more, n
        case 2:
          // yield n
          if ((value = frame.give(n).awaitIn(cx)) === PENDING) {
            frame.at = 3;
            frame.s2 = n;

            return frame.suspend(cx);
          }

        // resumed in line 8; live: ms, more, n
        case 3:
          n++;
          at = 1;
          continue;

        case 4:
          // yield* more
          if ((value = frame.giveAll(more).awaitIn(cx)) === PENDING) {
            frame.at = 5;
            frame.s0 = void 0;
            frame.s1 = void 0;
            frame.s2 = void 0;

            return frame.suspend(cx);
          }

        // resumed in line 10; live: nothing
        case 5:
          how = "next";
          what = void 0;
          at = 7;
          continue;

        // an error, on its way to `finally`
        case 6:
          trap = 0;
          how = "throw";
          what = value;

        // finally
        case 7:
          trap = 0;
          // await sleep(1)
          if ((value = future(sleep(1)).awaitIn(cx)) === PENDING) {
            frame.at = 8;
            frame.s0 = how;
            frame.s1 = what;
            frame.s2 = void 0;

            return frame.suspend(cx);
          }

        // resumed in line 12; live: how, what
        case 8:
          if (how === "throw") throw what;
          if (!(how === "return")) return;
          return;
      }
    } catch(error) {
      if (trap === 0) throw error;

      at = trap;
      value = error;
    }
  },
  (code) => streaming(function (ms, more) {
    return new ticks$Frame(code, ms, more);
  })
);
