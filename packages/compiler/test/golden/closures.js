import { Code, Frame8, Pending, coroutine, future, isThenable } from "pollux/compiler-runtime";
import { sleep } from "pollux";

const PENDING = Pending;

function counters$run(cx, frame, factor) {
  let scope, functions, scope$1, result;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

    switch (at) {
      case 0:
        factor = frame.s0;
        break;

      case 2:
        factor = frame.s0;
        scope = frame.s1;
        functions = frame.s2;
        scope$1 = frame.s3;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      scope = { count: void 0 };
      scope.count = 0;
      functions = [];
      scope$1 = { i: void 0 };
      scope$1.i = 0;

    // loop
    case 1:
      if (!(scope$1.i < 3)) {
        if (!isThenable(result = functions)) return result;

        at = 3;

        continue;
      }
      // await sleep(1)
      if ((value = future(sleep(1)).awaitIn(cx)) === PENDING) {
        frame ??= new Frame8(counters$code, factor);
        frame.at = 2;
        frame.s1 = scope;
        frame.s2 = functions;
        frame.s3 = scope$1;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: factor, scope, functions, scope$1
    case 2:
      functions.push(((scope$1) => () => scope$1.i * factor + scope.count++)(scope$1));
      (scope$1 = { i: scope$1.i }, scope$1.i++);
      at = 1;
      continue;

    // what is returned has to be waited for
    case 3:
      // return functions;
      if ((value = future(result).awaitIn(cx)) === PENDING) {
        frame ??= new Frame8(counters$code);
        frame.at = 4;
        frame.s0 = void 0;
        frame.s1 = void 0;
        frame.s2 = void 0;
        frame.s3 = void 0;

        return frame.suspend(cx);
      }

    // resumed in line 10; live: nothing
    case 4:
      if (!isThenable(result = value)) return result;
      at = 3;
      continue;
  }
}

const counters$code = new Code(counters$run, {
  name: "counters",
  file: "closures.ts",
  states: {
    "2": [7, 5, "factor", "scope", "functions", "scope$1"],
    "4": [10, 3]
  }
});

export const counters = coroutine(function (factor) {
  return new Frame8(counters$code, factor);
});
