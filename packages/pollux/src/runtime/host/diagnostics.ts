import { type Channel, channel } from "node:diagnostics_channel";
import type { Hooks } from "../../task/hooks.ts";
import type { Task } from "../../task/task.ts";

const spawned = channel("pollux:task:spawn");
const pollStarted = channel("pollux:task:poll:start");
const pollEnded = channel("pollux:task:poll:end");
const woken = channel("pollux:task:wake");
const ended = channel("pollux:task:end");

function publisher(to: Channel): (task: Task) => void {
  return (task) => {
    if (to.hasSubscribers) to.publish({ task });
  };
}

const hooks: Hooks = {
  onSpawn: publisher(spawned),
  onPollStart: publisher(pollStarted),
  onPollEnd: publisher(pollEnded),
  onWake: publisher(woken),
  onEnd: publisher(ended),
};

/** Hooks that publish what happens to tasks, if somebody has subscribed to one of the channels. */
export function diagnostics(): Hooks | null {
  return spawned.hasSubscribers ||
    pollStarted.hasSubscribers ||
    pollEnded.hasSubscribers ||
    woken.hasSubscribers ||
    ended.hasSubscribers
    ? hooks
    : null;
}
