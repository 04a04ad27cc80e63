import { Code, Frame3, Pending, coroutine, future, isThenable } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

function load$run(cx, frame) {
  let connection, how, what, result;

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
      case 2:
        connection = frame.s0;
        trap = 3;
        break;

      case 5:
        how = frame.s1;
        what = frame.s0;
        break;
    }

    // Cancelled: the `finally` to go through, as if the line had executed `return`.
    if (leaving) {
      switch (at) {
        case 2:
          how = "return";
          what = void 0;
          at = 4;
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
        // await connect()
        if ((value = future(connect()).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(load$code);
          frame.at = 1;

          return frame.suspend(cx);
        }

      // resumed in line 6; live: nothing
      case 1:
        connection = value;
        trap = 3;
        // await connection.query()
        if ((value = future(connection.query()).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(load$code);
          frame.at = 2;
          frame.s0 = connection;

          return frame.suspend(cx);
        }

      // resumed in line 8; live: connection
      case 2:
        what = value.trim();
        how = "return";
        at = 4;
        continue;

      // an error, on its way to `finally`
      case 3:
        trap = 0;
        how = "throw";
        what = value;

      // finally
      case 4:
        trap = 0;
        // await connection.close()
        if ((value = future(connection.close()).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(load$code);
          frame.at = 5;
          frame.s1 = how;
          frame.s0 = what;

          return frame.suspend(cx);
        }

      // resumed in line 10; live: how, what
      case 5:
        if (how === "throw") throw what;
        if (!(how === "return")) return;
        if (!isThenable(result = what)) return result;

      // what is returned has to be waited for
      case 6:
        // return (await connection.query()).trim();
        if ((value = future(result).awaitIn(cx)) === PENDING) {
          frame ??= new Frame3(load$code);
          frame.at = 7;
          frame.s0 = void 0;
          frame.s1 = void 0;

          return frame.suspend(cx);
        }

      // resumed in line 8; live: nothing
      case 7:
        if (!isThenable(result = value)) return result;
        at = 6;
        continue;
    }
  } catch(error) {
    if (trap === 0) throw error;

    at = trap;
    value = error;
  }
}

const load$code = new Code(load$run, {
  name: "load",
  file: "cleanup.ts",
  states: {
    "1": [6, 22],
    "2": [8, 13, "connection"],
    "5": [10, 5, "what", "how"],
    "7": [8, 5]
  },
  hasFinally: true
});

export const load = coroutine(function () {
  return new Frame3(load$code);
});
