import { co, type Duplex, duplex, join, now, pause, run, sleep, spawn } from "pollux";

// Three requests that take 100, 200 and 300 ms. One after the other, they take the sum of that; joined, the longest of them.
//
// The connections are in memory and the clock is paused: it goes on by itself, to whatever is due next, when no task can do
// anything. So the times are exact, and the program ends at once.

const DELAYS = [100, 200, 300] as const;

/** Answers a line with a number of ms in it after that time. */
const serve = co(function* (connection: Duplex) {
  const delay = Number(yield* connection.readToString());
  yield* sleep(delay);
  yield* connection.writeAll(new TextEncoder().encode(`waited ${delay} ms`));
  connection.close();
});

/** A request on a connection of its own. */
const request = co(function* (delay: number) {
  const [ours, theirs] = duplex(64);
  spawn(serve(theirs));
  yield* ours.writeAll(new TextEncoder().encode(String(delay)));
  // Half-close: the question is complete.
  yield* ours.shutdown();
  const answer = yield* ours.readToString();
  ours.close();
  return answer;
});

const main = co(function* () {
  pause();
  let began = now();
  const answers: string[] = [];
  for (const delay of DELAYS) answers.push(yield* request(delay));
  console.log(`one after the other: ${now() - began} ms, ${answers.join(", ")}`);

  // A future does nothing until it is polled. Three of them are made here, and none has begun …
  const [a, b, c] = [request(100), request(200), request(300)];
  yield* sleep(1000);
  began = now();
  // … until `join` polls them, all in this one task, whenever one of them was woken.
  const joined = yield* join(a, b, c);
  console.log(`joined: ${now() - began} ms, ${joined.join(", ")}`);
});
await run(main());
