import { Code, Frame3, Pending, call, coroutine, future, isThenable } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

function order$run(cx, frame) {
  let temp,
    temp$1,
    temp$2,
    object,
    fn,
    temp$3,
    temp$4,
    result;

  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

    switch (at) {
      case 1:
        temp = frame.s0;
        break;

      case 2:
        temp = frame.s0;
        temp$1 = frame.s1;
        temp$2 = frame.s2;
        break;

      case 3:
        object = frame.s0;
        fn = frame.s1;
        break;

      case 4:
        object = frame.s0;
        fn = frame.s1;
        temp$3 = frame.s2;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      temp = table.rows;
      // await next()
      if ((value = future(next()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(order$code);
        frame.at = 1;
        frame.s0 = temp;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: temp
    case 1:
      temp$1 = value;
      temp$2 = temp[temp$1];
      // await next()
      if ((value = future(next()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(order$code);
        frame.at = 2;
        frame.s0 = temp;
        frame.s1 = temp$1;
        frame.s2 = temp$2;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: temp, temp$1, temp$2
    case 2:
      temp[temp$1] = temp$2 + value;
      object = table;
      fn = object.sum;
      // await next()
      if ((value = future(next()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(order$code);
        frame.at = 3;
        frame.s0 = object;
        frame.s1 = fn;
        frame.s2 = void 0;

        return frame.suspend(cx);
      }

    // resumed in line 8; live: object, fn
    case 3:
      temp$3 = value;
      // await next()
      if ((value = future(next()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(order$code);
        frame.at = 4;
        frame.s0 = object;
        frame.s1 = fn;
        frame.s2 = temp$3;

        return frame.suspend(cx);
      }

    // resumed in line 8; live: object, fn, temp$3
    case 4:
      if (!(call(fn, object, 1, temp$3, ...[value]) > 0)) {
        at = 5;

        continue;
      }
      temp$4 = "more";
      at = 7;
      continue;

    case 5:
      // await next()
      if ((value = future(next()).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(order$code);
        frame.at = 6;
        frame.s0 = void 0;
        frame.s1 = void 0;
        frame.s2 = void 0;

        return frame.suspend(cx);
      }

    // resumed in line 8; live: nothing
    case 6:
      temp$4 = `none of ${value}`;

    case 7:
      if (!isThenable(result = temp$4)) return result;

    // what is returned has to be waited for
    case 8:
      // return table.sum(1, await next(), ...[await next()]) > 0 ? "more" : `none of ${await next()}`;
      if ((value = future(result).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(order$code);
        frame.at = 9;
        frame.s0 = void 0;
        frame.s1 = void 0;
        frame.s2 = void 0;

        return frame.suspend(cx);
      }

    // resumed in line 8; live: nothing
    case 9:
      if (!isThenable(result = value)) return result;
      at = 8;
      continue;
  }
}

const order$code = new Code(order$run, {
  name: "order",
  file: "order.ts",
  states: {
    "1": [7, 14, "temp"],
    "2": [7, 31, "temp", "temp$1", "temp$2"],
    "3": [8, 23, "object", "fn"],
    "4": [8, 41, "object", "fn", "temp$3"],
    "6": [8, 82],
    "9": [8, 3]
  }
});

export const order = coroutine(function () {
  return new Frame3(order$code);
});
