import { CompiledFrame, Pending, coroutine, delegate, places } from "pollux/compiler-runtime";
import { sleep } from "pollux";
class tick$Frame extends CompiledFrame {
  constructor(times) {
    super();
    this.s0 = times;
    this.s1 = void 0;
  }

  get name() {
    return "tick";
  }

  step(cx) {
    return tick$run(cx, this);
  }

  drop() {
    this.s0 = void 0;
    this.s1 = void 0;
  }
}

places(tick$Frame, "generator.ts", { "2": [5, 5, "times", "i"] });

function tick$run(cx, frame, times) {
  let i;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === Pending) return frame.suspend(cx);

    switch (at) {
      case 0:
        times = frame.s0;
        break;

      case 2:
        times = frame.s0;
        i = frame.s1;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      i = 0;

    // loop
    case 1:
      if (!(i < times)) return;
      // yield* sleep(10)
      if ((value = delegate(sleep(10)).awaitIn(cx)) === Pending) {
        frame ??= new tick$Frame(times);
        frame.at = 2;
        frame.s1 = i;

        return frame.suspend(cx);
      }

    // resumed in line 5; live: times, i
    case 2:
      console.log(i);
      i++;
      at = 1;
      continue;
  }
}

export const tick = coroutine(function (times) {
  return new tick$Frame(times);
});
