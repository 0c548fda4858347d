//! Measures this process: live heap bytes, resident memory, file descriptors and tasks.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fs,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
};

use anyhow::Result;
use tokio::runtime::Handle;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

/// The system's allocator with a counter of live bytes.
struct Counting;

#[expect(unsafe_code, reason = "GlobalAlloc is unsafe; all calls go to the system's allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size as i64 - layout.size() as i64);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn add(bytes: i64) {
    LIVE.fetch_add(bytes, Relaxed);
}

/// The resources of this process at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Live bytes on the heap.
    pub(crate) heap: u64,
    /// Resident bytes of the process (RSS).
    pub(crate) resident: u64,
    pub(crate) files: u64,
    /// Tasks of the runtime that have not ended.
    pub(crate) tasks: u64,
}

impl Usage {
    pub(crate) fn now() -> Self {
        Self {
            heap: u64::try_from(LIVE.load(Relaxed)).unwrap_or_default(),
            resident: resident(),
            files: fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64),
            tasks: Handle::current().metrics().num_alive_tasks() as u64,
        }
    }

    /// Returns the higher value of each resource.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            heap: self.heap.max(other.heap),
            resident: self.resident.max(other.resident),
            files: self.files.max(other.files),
            tasks: self.tasks.max(other.tasks),
        }
    }
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = resident.and_then(|it| it.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

/// Raises the limit of open files, because each user needs connections to all servers.
pub(crate) fn allow_many_files() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(())
}
