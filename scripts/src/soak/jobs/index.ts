import type { Job } from "../job.ts";
import { tcp, unix } from "./connections.ts";
import { udp } from "./datagrams.ts";
import { files } from "./files.ts";
import { processes } from "./processes.ts";
import { channels, timers } from "./tasks.ts";
import { betweenThreads, threads } from "./threads.ts";

export const JOBS: readonly Job[] = [
  tcp,
  unix,
  udp,
  files,
  processes,
  threads,
  betweenThreads,
  timers,
  channels,
];
