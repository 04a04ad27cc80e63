import { Code, Frame1, Pending, coroutine, future, isThenable } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

// The first buffer is not kept while the second one is loaded.
function sizes$run(cx, frame) {
  let first, size, second, result;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

    switch (at) {
      case 2:
        size = frame.s0;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      // await load("first")
      if ((value = future(load("first")).awaitIn(cx)) === PENDING) {
        frame ??= new Frame1(sizes$code);
        frame.at = 1;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: nothing
    case 1:
      first = value;
      size = first.byteLength;
      // await load("second")
      if ((value = future(load("second")).awaitIn(cx)) === PENDING) {
        frame ??= new Frame1(sizes$code);
        frame.at = 2;
        frame.s0 = size;

        return frame.suspend(cx);
      }

    // resumed in line 9; live: size
    case 2:
      second = value;
      if (!isThenable(result = [size, second.byteLength].join())) return result;

    // what is returned has to be waited for
    case 3:
      // return [size, second.byteLength].join();
      if ((value = future(result).awaitIn(cx)) === PENDING) {
        frame ??= new Frame1(sizes$code);
        frame.at = 4;
        frame.s0 = void 0;

        return frame.suspend(cx);
      }

    // resumed in line 10; live: nothing
    case 4:
      if (!isThenable(result = value)) return result;
      at = 3;
      continue;
  }
}

const sizes$code = new Code(sizes$run, {
  name: "sizes",
  file: "values.ts",
  states: { "1": [7, 17], "2": [9, 18, "size"], "4": [10, 3] }
});

export const sizes = coroutine(function () {
  return new Frame1(sizes$code);
});
