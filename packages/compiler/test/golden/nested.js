import {
  Code,
  Frame1,
  Frame3,
  Iteration,
  Pending,
  closure,
  coroutine,
  future,
  isThenable
} from "pollux/compiler-runtime";
import { sleep, spawn } from "pollux";

const PENDING = Pending;

const anonymous$about = {
  name: "(anonymous)",
  file: "nested.ts",
  states: { "1": [8, 9] }
};

function greet$run(cx$1, frame$1, names) {
  let lines, items, name, error, how, what, result;

  let at$1 = 0,
    trap = 0,
    resumed = false,
    leaving = false,
    value$1;

  if (frame$1 !== null) {
    at$1 = frame$1.at;

    if (at$1 < 0) {
      leaving = true;
      at$1 = -at$1;
    }

    resumed = !leaving && at$1 !== 0;

    switch (at$1) {
      case 0:
        names = frame$1.s0;
        break;

      case 2:
        lines = frame$1.s1;
        items = frame$1.s0;
        trap = 3;
        break;
    }

    // Cancelled: the `finally` to go through, as if the line had executed `return`.
    if (leaving) {
      switch (at$1) {
        case 2:
          how = "return";
          what = void 0;
          at$1 = 5;
          break;

        default:
          return;
      }
    }
  }

  while (true) try {
    if (resumed) {
      resumed = false;

      if ((value$1 = frame$1.awaited.awaitIn(cx$1)) === PENDING) return frame$1.suspend(cx$1);
    }

    switch (at$1) {
      case 0:
        lines = [];
        items = new Iteration(names);

      // loop
      case 1:
        trap = 3;
        if (!items.next()) {
          how = "next";
          what = void 0;
          at$1 = 5;

          continue;
        }
        name = items.value;
        // await spawn(co(async () => { await sleep(10); lines.push(`Hello, ${name}`); })())
        if ((value$1 = future(spawn(closure(
          anonymous$about,
          ((name) => function anonymous$run(cx, frame) {
            let at = 0, value;

            if (frame !== null) {
              at = frame.at;

              if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);
            }

            switch (at) {
              case 0:
                if ((value = future(sleep(10)).awaitIn(cx)) === PENDING) {
                  frame.at = 1;

                  return frame.suspend(cx);
                }

              case 1:
                lines.push(`Hello, ${name}`);
                return;
            }
          })(name),
          (code) => coroutine(function () {
            return new Frame1(code);
          })
        )())).awaitIn(cx$1)) === PENDING) {
          frame$1 ??= new Frame3(greet$code);
          frame$1.at = 2;
          frame$1.s1 = lines;
          frame$1.s0 = items;

          return frame$1.suspend(cx$1);
        }

      // resumed in line 6; live: lines, items
      case 2:
        at$1 = 1;
        continue;

      // catch
      case 3:
        trap = 4;
        error = value$1;
        items.fail();
        throw error;

      // an error, on its way to `finally`
      case 4:
        trap = 0;
        how = "throw";
        what = value$1;

      // finally
      case 5:
        trap = 0;
        items.close();
        if (how === "throw") throw what;
        if (!(how === "return")) {
          if (!isThenable(result = lines.length)) return result;

          at$1 = 6;

          continue;
        }
        return;

      // what is returned has to be waited for
      case 6:
        // return lines.length;
        if ((value$1 = future(result).awaitIn(cx$1)) === PENDING) {
          frame$1 ??= new Frame3(greet$code);
          frame$1.at = 7;
          frame$1.s0 = void 0;
          frame$1.s1 = void 0;

          return frame$1.suspend(cx$1);
        }

      // resumed in line 13; live: nothing
      case 7:
        if (!isThenable(result = value$1)) return result;
        at$1 = 6;
        continue;
    }
  } catch(error$1) {
    if (trap === 0) throw error$1;

    at$1 = trap;
    value$1 = error$1;
  }
}

const greet$code = new Code(greet$run, {
  name: "greet",
  file: "nested.ts",
  states: { "2": [6, 5, "items", "lines"], "7": [13, 3] },
  hasFinally: true
});

export const greet = coroutine(function (names) {
  return new Frame3(greet$code, names);
});
