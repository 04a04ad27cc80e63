import { Code, Frame3, Pending, coroutine, future, isThenable } from "pollux/compiler-runtime";
import { sleep } from "pollux";

const PENDING = Pending;

function retry$run(cx, frame, attempt, times) {
  let n, error, result;
  let at = 0, trap = 0, resumed = false, value;

  if (frame !== null) {
    at = frame.at;
    resumed = at !== 0;

    switch (at) {
      case 0:
        attempt = frame.s0;
        times = frame.s1;
        break;

      case 2:
        attempt = frame.s0;
        times = frame.s1;
        n = frame.s2;
        trap = 3;
        break;

      case 4:
        attempt = frame.s0;
        times = frame.s1;
        n = frame.s2;
        break;
    }
  }

  while (true) try {
    if (resumed) {
      resumed = false;

      if ((value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);
    }

    switch (at) {
      case 0:
        n = 1;

      // try
      case 1:
        trap = 3;
        // await attempt()
        if ((value = future(attempt()).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(retry$code, attempt, times);
          frame.at = 2;
          frame.s2 = n;

          return frame.suspend(cx);
        }

      // resumed in line 6; live: attempt, times, n
      case 2:
        if (!isThenable(result = value)) return result;
        at = 5;
        continue;

      // catch
      case 3:
        trap = 0;
        error = value;
        if (n === times) throw error;
        // await sleep(2 ** n)
        if ((value = future(sleep(2 ** n)).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(retry$code, attempt, times);
          frame.at = 4;
          frame.s2 = n;

          return frame.suspend(cx);
        }

      // resumed in line 9; live: attempt, times, n
      case 4:
        n++;
        at = 1;
        continue;

      // what is returned has to be waited for
      case 5:
        trap = 0;
        // return await attempt();
        if ((value = future(result).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(retry$code);
          frame.at = 6;
          frame.s0 = void 0;
          frame.s1 = void 0;
          frame.s2 = void 0;

          return frame.suspend(cx);
        }

      // resumed in line 6; live: nothing
      case 6:
        if (!isThenable(result = value)) return result;
        at = 5;
        continue;
    }
  } catch(error$1) {
    if (trap === 0) throw error$1;

    at = trap;
    value = error$1;
  }
}

const retry$code = new Code(retry$run, {
  name: "retry",
  file: "retry.ts",
  states: {
    "2": [6, 14, "attempt", "times", "n"],
    "4": [9, 7, "attempt", "times", "n"],
    "6": [6, 7]
  }
});

export const retry = coroutine(function (attempt, times) {
  return new Frame3(retry$code, attempt, times);
});
