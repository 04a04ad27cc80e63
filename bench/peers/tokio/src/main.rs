//! The Tokio peer of the benchmarks. It reads lines `case iterations` on stdin, does that much work, and answers each
//! with one number: nanoseconds for all of it, or bytes for the memory cases. The harness calls it between the rounds of
//! the other peers. With the argument `cases` it lists what it knows.
//!
//! Each case does the work of its namesake in `bench/src/core`, on a current-thread runtime with all drivers on, in
//! spawned tasks, as an ordinary program would.

use std::future::{pending, ready, Future};
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, Mutex, Semaphore};
use tokio::task::{yield_now, JoinSet};

type Work = Pin<Box<dyn Future<Output = u64> + Send>>;

/// Every case: its name, and what does `n` iterations of it and gives the time it took (or the bytes).
const CASES: &[(&str, fn(u64) -> Work)] = &[
    ("await-ready", |n| Box::pin(await_ready(n))),
    ("yield", |n| Box::pin(yields(n))),
    ("yield-depth-20", |n| Box::pin(deep_yields(n))),
    ("call-ready", |n| Box::pin(call_ready(n))),
    ("spawn-join", |n| Box::pin(spawn_join(n))),
    ("spawn-10k", |n| Box::pin(spawn_10k(n))),
    ("mpsc-16", |n| Box::pin(mpsc_16(n))),
    ("oneshot", |n| Box::pin(oneshots(n))),
    ("mutex", |n| Box::pin(mutex(n))),
    ("semaphore-16", |n| Box::pin(semaphore(n, 16))),
    ("semaphore-16k", |n| Box::pin(semaphore(n, 16_384))),
    ("sleep-100k", |n| Box::pin(sleeps(n, 100_000))),
    ("select-2", |n| Box::pin(select_2(n))),
    ("join-1000", |n| Box::pin(join_1000(n))),
    ("cancel-10k", |n| Box::pin(cancel_10k(n))),
    ("task-bytes", |n| Box::pin(task_bytes(n))),
    ("sleep-bytes", |n| Box::pin(sleep_bytes(n))),
];

fn main() {
    if std::env::args().nth(1).as_deref() == Some("cases") {
        for (name, _) in CASES {
            println!("{name}");
        }
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut stdout = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("stdin is readable");
        let (name, iterations) = line.split_once(' ').expect("a line is `case iterations`");
        let iterations = iterations.parse().expect("iterations is a whole number");
        let (_, case) = CASES.iter().find(|(known, _)| *known == name).expect("the case is known");
        let measured =
            runtime.block_on(async { tokio::spawn(case(iterations)).await.expect("the case ends well") });
        writeln!(stdout, "{measured}").and_then(|()| stdout.flush()).expect("stdout is writable");
    }
}

fn nanos(since: Instant) -> u64 {
    since.elapsed().as_nanos() as u64
}

/// CPU time of the process in nanoseconds.
fn cpu_nanos() -> u64 {
    extern "C" {
        /// C's `clock`: microseconds on every POSIX system.
        fn clock() -> std::ffi::c_long;
    }
    unsafe { clock() as u64 * 1000 }
}

async fn await_ready(n: u64) -> u64 {
    let began = Instant::now();
    let mut sum = 0;
    for i in 0..n {
        sum += ready(black_box(i)).await;
    }
    black_box(sum);
    nanos(began)
}

async fn yields(n: u64) -> u64 {
    let began = Instant::now();
    for _ in 0..n {
        yield_now().await;
    }
    nanos(began)
}

/// Twenty async functions, one awaiting the next: `at_depth!(f20 f19 … f1)`.
macro_rules! at_depth {
    ($outer:ident $inner:ident $($rest:ident)*) => {
        async fn $outer(n: u64) -> u64 { $inner(n).await }
        at_depth!($inner $($rest)*);
    };
    ($innermost:ident) => {
        async fn $innermost(n: u64) -> u64 { yields(n).await }
    };
}
at_depth!(d1 d2 d3 d4 d5 d6 d7 d8 d9 d10 d11 d12 d13 d14 d15 d16 d17 d18 d19);

async fn deep_yields(n: u64) -> u64 {
    d1(n).await
}

#[inline(never)]
async fn add_one(i: u64) -> u64 {
    black_box(i) + 1
}

async fn call_ready(n: u64) -> u64 {
    let began = Instant::now();
    let mut sum = 0;
    for i in 0..n {
        sum += add_one(i).await;
    }
    black_box(sum);
    nanos(began)
}

async fn spawn_join(n: u64) -> u64 {
    async fn child(i: u64) -> u64 {
        ready(black_box(i)).await
    }
    let began = Instant::now();
    let mut sum = 0;
    for i in 0..n {
        sum += tokio::spawn(child(i)).await.expect("no child panics");
    }
    black_box(sum);
    nanos(began)
}

async fn spawn_10k(n: u64) -> u64 {
    let began = Instant::now();
    for _ in 0..n {
        let mut tasks = JoinSet::new();
        for _ in 0..10_000 {
            tasks.spawn(async {
                for _ in 0..10 {
                    yield_now().await;
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }
    nanos(began)
}

async fn mpsc_16(n: u64) -> u64 {
    let began = Instant::now();
    let (tx, mut rx) = mpsc::channel(16);
    let producer = tokio::spawn(async move {
        for i in 0..n {
            tx.send(i).await.expect("the receiver is there");
        }
    });
    let mut sum = 0;
    while let Some(i) = rx.recv().await {
        sum += i;
    }
    producer.await.expect("the producer ends well");
    black_box(sum);
    nanos(began)
}

/// What each oneshot carries: the sender to answer on, or nothing at the end.
struct Baton(Option<oneshot::Sender<Baton>>);

async fn play(mut rx: oneshot::Receiver<Baton>) {
    let mut turns = 500;
    while let Ok(Baton(Some(reply))) = rx.await {
        if turns == 0 {
            let _ = reply.send(Baton(None));
            return;
        }
        turns -= 1;
        let (tx, next) = oneshot::channel();
        let _ = reply.send(Baton(Some(tx)));
        rx = next;
    }
}

async fn oneshots(n: u64) -> u64 {
    let began = Instant::now();
    for _ in 0..n {
        let (tx, rx) = oneshot::channel();
        let other = tokio::spawn(play(rx));
        let (first, mine) = oneshot::channel();
        let _ = tx.send(Baton(Some(first)));
        play(mine).await;
        other.await.expect("the other player ends well");
    }
    nanos(began)
}

async fn mutex(n: u64) -> u64 {
    let counter = Mutex::new(0u64);
    let began = Instant::now();
    for _ in 0..n {
        *counter.lock().await += 1;
    }
    black_box(counter.into_inner());
    nanos(began)
}

async fn semaphore(n: u64, waiting: u64) -> u64 {
    struct Ring {
        semaphore: Semaphore,
        queued: AtomicU64,
        left: AtomicU64,
        finished: AtomicBool,
        nanos: AtomicU64,
        began: std::sync::Mutex<Instant>,
        all: u64,
    }
    async fn member(ring: Arc<Ring>) {
        ring.queued.fetch_add(1, Relaxed);
        loop {
            let permit = ring.semaphore.acquire().await.expect("the semaphore is open");
            if ring.finished.load(Relaxed) {
                return;
            }
            if ring.left.fetch_sub(1, Relaxed) == 1 {
                ring.nanos.store(nanos(*ring.began.lock().expect("not poisoned")), Relaxed);
                ring.finished.store(true, Relaxed);
                ring.semaphore.add_permits(ring.all as usize);
                return;
            }
            drop(permit);
        }
    }
    let ring = Arc::new(Ring {
        semaphore: Semaphore::new(1),
        queued: AtomicU64::new(0),
        left: AtomicU64::new(n),
        finished: AtomicBool::new(false),
        nanos: AtomicU64::new(0),
        began: std::sync::Mutex::new(Instant::now()),
        all: waiting,
    });
    let permit = ring.semaphore.acquire().await.expect("the semaphore is open");
    let mut members = JoinSet::new();
    for _ in 0..waiting {
        members.spawn(member(ring.clone()));
    }
    while ring.queued.load(Relaxed) < waiting {
        yield_now().await;
    }
    *ring.began.lock().expect("not poisoned") = Instant::now();
    drop(permit);
    while members.join_next().await.is_some() {}
    ring.nanos.load(Relaxed)
}

async fn sleeps(n: u64, tasks: u64) -> u64 {
    let began = cpu_nanos();
    for _ in 0..n {
        let mut sleepers = JoinSet::new();
        for i in 0..tasks {
            sleepers.spawn(tokio::time::sleep(Duration::from_millis(SLEEP_BASE_MS + i % 100)));
        }
        while sleepers.join_next().await.is_some() {}
    }
    cpu_nanos() - began
}

/// Long enough that all are asleep before the first wakes; the same as in `bench/src/core/sleep-100k.ts`.
const SLEEP_BASE_MS: u64 = 150;

async fn select_2(n: u64) -> u64 {
    let began = Instant::now();
    let mut sum = 0u64;
    for i in 0..n {
        sum += tokio::select! {
            () = yield_now() => i,
            () = pending() => 0,
        };
    }
    black_box(sum);
    nanos(began)
}

/// Tokio itself has no join of many futures (the `futures` crate has); a `JoinSet` is what its users take.
async fn join_1000(n: u64) -> u64 {
    let began = Instant::now();
    let mut sum = 0u64;
    for _ in 0..n {
        let mut children = JoinSet::new();
        for i in 0..1000 {
            children.spawn(async move {
                yield_now().await;
                i
            });
        }
        while let Some(i) = children.join_next().await {
            sum += i.expect("no child panics");
        }
    }
    black_box(sum);
    nanos(began)
}

async fn cancel_10k(n: u64) -> u64 {
    let mut total = 0;
    for _ in 0..n {
        let mut tasks = JoinSet::new();
        for _ in 0..10_000 {
            tasks.spawn(tokio::time::sleep(Duration::from_secs(3600)));
        }
        yield_now().await;
        let began = Instant::now();
        tasks.shutdown().await;
        total += nanos(began);
    }
    total
}

/// Bytes that the allocator has handed out.
fn heap_bytes() -> u64 {
    #[repr(C)]
    #[derive(Default)]
    struct MallInfo2 {
        arena: usize,
        ordblks: usize,
        smblks: usize,
        hblks: usize,
        hblkhd: usize,
        usmblks: usize,
        fsmblks: usize,
        uordblks: usize,
        fordblks: usize,
        keepcost: usize,
    }
    extern "C" {
        /// glibc's account of its heap (2.33 and later).
        fn mallinfo2() -> MallInfo2;
    }
    let info = unsafe { mallinfo2() };
    (info.uordblks + info.hblkhd) as u64
}

// The tasks of the memory cases are never ended: the harness starts a process for each of these measurements.

async fn task_bytes(n: u64) -> u64 {
    let before = heap_bytes();
    for i in 0..n {
        let (tx, rx) = oneshot::channel::<u64>();
        std::mem::forget(tx);
        tokio::spawn(async move {
            let (a, b, c) = (black_box(i), black_box(i + 1), black_box(i + 2));
            let d = rx.await.unwrap_or(0);
            black_box(a + b + c + d);
        });
    }
    yield_now().await;
    heap_bytes() - before
}

async fn sleep_bytes(n: u64) -> u64 {
    let before = heap_bytes();
    for i in 0..n {
        tokio::spawn(async move { tokio::time::sleep(Duration::from_millis(3_600_000 + i % 60_000)).await });
    }
    yield_now().await;
    heap_bytes() - before
}
