"""Which tests are compared, and what they ought to reach.

A row: the test, its group, and the target in kernel instructions for one
operation on one virtual CPU (None: no more than Linux's).
"""

TARGETS = {
    "null_syscall": 120,
    "pipe_pingpong_same_cpu": 4500,
    "futex_pingpong_same_cpu": 3500,
    "ctxsw_ring8_hop": 1800,
    "fork_exit_wait": 45000,
    "fork_exec_exit_wait": 110000,
    "pthread_create_join": 15000,
    "mmap_touch_munmap_1p": 5000,
    "fault_anon_page": 1300,
    "fault_cow_page": 1800,
    "signal_delivery": 1500,
    "open_close": 2000,
    "stat_depth5": 1500,
}

# Measured on one CPU beside those above, without a target of their own.
OTHERS = (
    "bad_dup", "clock_gettime", "sched_yield", "read1_zero", "write1_null",
    "unix_pingpong", "tcp_pingpong", "tcp_connect_close",
    "sendfile_64k_tcp", "spawn_exit_wait", "mmap_touch_munmap_64p_page",
    "mmap_touch_2m_page_thp_ok", "fault_file_page", "mprotect_pair",
    "fstat", "create_unlink", "append_4k", "append_4k_fsync",
    "read_64k_cached", "pread_4k_cached", "readdir_100",
    "epoll_wait_1000fd_1ready", "epoll_post_wait_drain", "poll_100fd",
    "select_100fd",
)

# On two CPUs: the work of one thread, and of two at once.
SCALING = (
    ("null call, threads", "scale_null_t1", "scale_null_t2"),
    ("open, threads", "scale_open_t1", "scale_open_t2"),
    ("faults in processes", "scale_fault_procs_t1", "scale_fault_procs_t2"),
    ("faults in threads", "scale_fault_threads_t1",
     "scale_fault_threads_t2"),
)
TWO_CPUS = ("pipe_pingpong_diff_cpu", "futex_pingpong_diff_cpu")

# Two threads may cost this much more for each operation than one, and this
# share of lock acquisitions may find the lock taken.
SCALING_SLACK = 0.10
CONTENDED_MAX = 0.01

# Reserving memory costs one operation less than so many instructions: a call
# whose bound is 0, and one that may take memory and takes none, which is the
# common case. The others, where frames are taken and given back, are shown.
RESERVATION = (
    ("null_syscall", 8),
    ("bad_dup", 20),
    ("read1_zero", None),
    ("open_close", None),
    ("pipe_pingpong_same_cpu", None),
    ("fault_anon_page", None),
)

# The same tests with their files on a disk, and the disk's own; one CPU. None
# may take more than Linux's instructions, DISK_GOAL times as many is the aim.
DISK_LINES = (
    "open_close", "stat_depth5", "create_unlink", "append_4k",
    "append_4k_fsync", "pread_4k_cached", "readdir_100",
)
DISK_OTHERS = (
    "seq_write_mib", "seq_read_mib", "random_read_qd1", "random_read_qd32",
    "fsync_t1", "fsync_t16",
)
DISK_TWO_CPUS = (
    "create_dir1", "stat_dir1", "unlink_dir1",
    "create_dir8", "stat_dir8", "unlink_dir8",
)
DISK_GOAL = 0.5
# Flushes for each fsync by the second, against those by the first.
GROUP_COMMIT = ("fsync_t1", "fsync_t16", 0.25)
DISK, DISK_SIZE = "/dev/sda", "2G"
DISK_ID = "6d1b5f3c-52a5-4b0e-9d0e-0d5f3a7c1e42"

# These take their time: one repetition.
ONE_REP = ("seq_write_mib", "seq_read_mib", "random_read_qd1",
           "random_read_qd32", "create_dir1", "stat_dir1", "unlink_dir1",
           "create_dir8", "stat_dir8", "unlink_dir8")

# Every test's runs together end within this many seconds, or are killed.
TEST_TIMEOUT_S = 60
SLOW_TEST_TIMEOUT_S = {"fork_exec_exit_wait": 120, "spawn_exit_wait": 120,
                       **{t: 240 for t in ONE_REP}}

# The peer's command line: its mitigations and debugging aids off, its clock
# source forced to the TSC (it would distrust the emulated one).
LINUX_TUNED = (
    "quiet loglevel=3 mitigations=off nokaslr audit=0 nowatchdog "
    "tsc=reliable clocksource=tsc no5lvl init_on_alloc=0 init_on_free=0 "
    "hardened_usercopy=off randomize_kstack_offset=off lsm= "
    "cgroup_disable=memory random.trust_cpu=on"
)
HARDTACK_TUNED = "quiet mitigations=off nokaslr"
