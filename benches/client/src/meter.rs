//! Measures the cost of work in this process: time, memory and allocations.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fs,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

/// The system's allocator with counters.
struct Counting;

#[expect(unsafe_code, reason = "GlobalAlloc is unsafe; all calls go to the system's allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_sub(layout.size() as u64, Relaxed);
        taken(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn taken(size: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    let live = LIVE.fetch_add(size as u64, Relaxed) + size as u64;
    PEAK.fetch_max(live, Relaxed);
}

/// The cost of work since the start of a [`Meter`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// The CPU time of all threads in user and kernel mode.
    pub(crate) cpu: Duration,
    pub(crate) allocations: u64,
    /// The peak of heap bytes, minus those at the start.
    pub(crate) heap: u64,
    /// The peak of resident bytes of the process.
    pub(crate) resident: u64,
}

pub(crate) struct Meter {
    begun: Instant,
    cpu: Duration,
    allocations: u64,
    live: u64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        let live = LIVE.load(Relaxed);
        PEAK.store(live, Relaxed);
        let allocations = ALLOCATIONS.load(Relaxed);
        Self { begun: Instant::now(), cpu: cpu(), allocations, live }
    }

    pub(crate) fn stop(&self) -> Cost {
        Cost {
            wall: self.begun.elapsed(),
            cpu: cpu().saturating_sub(self.cpu),
            allocations: ALLOCATIONS.load(Relaxed) - self.allocations,
            heap: PEAK.load(Relaxed) - self.live,
            resident: most_resident(),
        }
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn most_resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = most.and_then(|most| most.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

/// Raises the limit of open files, because a thousand connections need more than the usual default.
pub(crate) fn allow_many_files() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(())
}
