import {
  CompiledFrame,
  Pending,
  coroutine,
  future,
  isThenable,
  places
} from "pollux/compiler-runtime";
import "pollux";
// The first buffer is not kept while the second one is loaded.
class sizes$Frame extends CompiledFrame {
  constructor() {
    super();
    this.s0 = void 0;
  }

  get name() {
    return "sizes";
  }

  step(cx) {
    return sizes$run(cx, this);
  }

  drop() {
    this.s0 = void 0;
  }
}

places(sizes$Frame, "values.ts", { "1": [7, 17], "2": [9, 18, "size"], "4": [10, 3] });

function sizes$run(cx, frame) {
  let first, size, second, result;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === Pending) return frame.suspend(cx);

    switch (at) {
      case 2:
        size = frame.s0;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      // await load("first")
      if ((value = future(load("first")).awaitIn(cx)) === Pending) {
        frame ??= new sizes$Frame();
        frame.at = 1;

        return frame.suspend(cx);
      }

    // resumed in line 7; live: nothing
    case 1:
      first = value;
      size = first.byteLength;
      // await load("second")
      if ((value = future(load("second")).awaitIn(cx)) === Pending) {
        frame ??= new sizes$Frame();
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
      if ((value = future(result).awaitIn(cx)) === Pending) {
        frame ??= new sizes$Frame();
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

export const sizes = coroutine(function () {
  return new sizes$Frame();
});
