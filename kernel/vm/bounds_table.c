/*
 * What each row of the table of bounds needs, see kernel/vm/bounds.h.
 *
 * Generated from the kernel's source by `make bounds-update`: not by hand.
 * `make bounds` fails when it is not what the source needs, and
 * `tools/bounds/bounds why NAME` shows how a row comes about. A comment
 * says the whole of a row in frames, as a release kernel packs objects.
 */
#include "kernel/vm/bounds.h"

const struct bound_need bound_needs[] = {
	{ "block.ioctl", .frames = 0 },
	{ "block.read", .frames = 0 },
	{ "block.readdir", .frames = 0 },
	{ "block.setattr", .frames = 0 },
	{ "block.sync", .frames = 0 },
	{ "block.write", .frames = 16,                  /* 21 */
	  .cache = { { "buffer", 5 }, { "page_io", 1 }, { "tree_node", 21 } } },
	{ "clone_files", .frames = 2,                   /* 4 */
	  .cache = { { "fd_leaf", 1 }, { "fdtable", 1 } } },
	{ "clone_task", .frames = 5,                    /* 11 */
	  .cache = { { "fpu", 1 }, { "fs_ctx", 1 }, { "pid", 1 },
	      { "proc", 1 }, { "sighand", 1 }, { "task", 1 } } },
	{ "exec_commit", .frames = 0,                   /* 2 */
	  .cache = { { "cred", 1 }, { "lineage", 1 } } },
	{ "exec_files", .frames = 2,                    /* 4 */
	  .cache = { { "fd_leaf", 1 }, { "fdtable", 1 } } },
	{ "exec_map", .frames = 1,                      /* 4 */
	  .cache = { { "aspace", 1 }, { "shm", 5 }, { "vma", 11 } } },
	{ "exec_open", .frames = 8,                     /* 15 */
	  .cache = { { "dentry", 1 }, { "ext-open", 1 },
	      { "ext_inode", 1 }, { "file", 1 }, { "kbuf-512", 1 },
	      { "pipe", 1 }, { "procfs", 2 } } },
	{ "ext.ioctl", .frames = 0 },
	{ "ext.read", .frames = 1,                      /* 2 */
	  .cache = { { "buffer", 1 } } },
	{ "ext.readdir", .frames = 0 },
	{ "ext.setattr", .frames = 0 },
	{ "ext.sync", .frames = 0 },
	{ "ext.write", .frames = 0 },
	{ "ext_allocate", .frames = 1,                  /* 3 */
	  .cache = { { "buffer", 1 }, { "ext-claim", 1 } } },
	{ "ext_chunk", .frames = 28,                    /* 39 */
	  .cache = { { "buffer", 10 }, { "page_io", 2 },
	      { "tree_node", 63 } } },
	{ "ext_cut", .frames = 4,                       /* 7 */
	  .cache = { { "buffer", 4 }, { "ext-claim", 6 },
	      { "journal_revoke", 13 } } },
	{ "ext_dir.ioctl", .frames = 0 },
	{ "ext_dir.read", .frames = 0 },
	{ "ext_dir.readdir", .frames = 2,               /* 3 */
	  .cache = { { "buffer", 1 } } },
	{ "ext_dir.setattr", .frames = 0 },
	{ "ext_dir.sync", .frames = 0 },
	{ "ext_dir.write", .frames = 0 },
	{ "ext_flusher", .frames = 6,                   /* 8 */
	  .cache = { { "flusher", 1 }, { "kthread", 1 } } },
	{ "ext_load", .frames = 2,                      /* 3 */
	  .cache = { { "buffer", 1 } } },
	{ "ext_load_block", .frames = 2,                /* 3 */
	  .cache = { { "buffer", 1 } } },
	{ "ext_log_runs", .frames = 2,                  /* 4 */
	  .cache = { { "buffer", 1 }, { "ext_inode", 1 } } },
	{ "ext_mount", .frames = 1,                     /* 3 */
	  .cache = { { "ext_fs", 1 }, { "superblock", 1 } } },
	{ "ext_mount_group", .frames = 1 },
	{ "ext_orphan", .frames = 2,                    /* 4 */
	  .cache = { { "buffer", 2 }, { "ext_inode", 1 } } },
	{ "ext_retire", .frames = 4,                    /* 7 */
	  .cache = { { "buffer", 4 }, { "ext-claim", 1 },
	      { "journal_revoke", 1 } } },
	{ "ext_root", .frames = 1,                      /* 5 */
	  .cache = { { "buffer", 1 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 } } },
	{ "ext_store", .frames = 1,                     /* 2 */
	  .cache = { { "buffer", 1 } } },
	{ "ext_truncate", .frames = 12,                 /* 20 */
	  .cache = { { "buffer", 10 }, { "page_io", 2 },
	      { "tree_node", 42 } } },
	{ "ext_warm", .frames = 19,                     /* 35 */
	  .cache = { { "buffer", 9 }, { "dentry", 3 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 3 },
	      { "file", 1 }, { "journal_revoke", 1 }, { "kbuf-2048", 1 },
	      { "kbuf-512", 3 }, { "mount", 1 }, { "pipe", 1 },
	      { "procfs", 6 }, { "superblock", 1 }, { "tmpfs_inode", 1 },
	      { "tmpfs_super", 1 } } },
	{ "ext_write", .frames = 1,                     /* 2 */
	  .cache = { { "ext-write", 1 } } },
	{ "ext_write_claim", .frames = 1,               /* 3 */
	  .cache = { { "buffer", 1 }, { "ext-claim", 1 } } },
	{ "ext_write_map", .frames = 1,                 /* 2 */
	  .cache = { { "buffer", 1 } } },
	{ "ext_write_name", .frames = 1,                /* 3 */
	  .cache = { { "buffer", 1 }, { "ext-claim", 1 } } },
	{ "ext_write_spare", .frames = 2,               /* 4 */
	  .cache = { { "buffer", 2 }, { "ext-claim", 1 } } },
	{ "ext_write_split", .frames = 0,               /* 1 */
	  .cache = { { "ext-claim", 1 } } },
	{ "fault", .frames = 9,                         /* 14 */
	  .cache = { { "buffer", 5 }, { "page_io", 1 }, { "tree_node", 21 } } },
	{ "file_copy", .frames = 1 },
	{ "fork_piece", .frames = 12,                   /* 13 */
	  .cache = { { "vma", 28 } } },
	{ "init_console", .frames = 19,                 /* 30 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 3 },
	      { "file", 1 }, { "kbuf-512", 2 }, { "pipe", 1 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "init_exec", .frames = 2,                     /* 3 */
	  .cache = { { "exec", 1 } } },
	{ "init_make", .frames = 6,                     /* 15 */
	  .cache = { { "aspace", 1 }, { "fdtable", 1 }, { "fpu", 1 },
	      { "fs_ctx", 1 }, { "lineage", 1 }, { "pid", 1 },
	      { "proc", 1 }, { "sighand", 1 }, { "task", 1 } } },
	{ "journal_frames", .frames = 16 },
	{ "journal_open", .frames = 10,                 /* 11 */
	  .cache = { { "journal", 1 } } },
	{ "journal_revokes", .frames = 0,               /* 1 */
	  .cache = { { "journal_revoke", 64 } } },
	{ "journal_threads", .frames = 10,              /* 11 */
	  .cache = { { "kthread", 2 } } },
	{ "link_read", .frames = 19,                    /* 35 */
	  .cache = { { "buffer", 8 }, { "dentry", 3 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 3 },
	      { "file", 1 }, { "journal_revoke", 1 }, { "kbuf-2048", 1 },
	      { "kbuf-512", 3 }, { "mount", 1 }, { "pipe", 1 },
	      { "procfs", 6 }, { "superblock", 1 }, { "tmpfs_inode", 1 },
	      { "tmpfs_super", 1 } } },
	{ "mem.ioctl", .frames = 0 },
	{ "mem.read", .frames = 0 },
	{ "mem.readdir", .frames = 0 },
	{ "mem.setattr", .frames = 0 },
	{ "mem.sync", .frames = 0 },
	{ "mem.write", .frames = 0 },
	{ "mount_made", .frames = 1,                    /* 2 */
	  .cache = { { "mount", 1 } } },
	{ "name_link", .frames = 10,                    /* 16 */
	  .cache = { { "buffer", 6 }, { "dentry", 1 }, { "ext-claim", 6 },
	      { "ext_inode", 1 }, { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "name_make", .frames = 11,                    /* 19 */
	  .cache = { { "buffer", 7 }, { "dentry", 1 }, { "ext-claim", 7 },
	      { "ext_inode", 2 }, { "kbuf-2048", 1 }, { "kbuf-512", 1 },
	      { "procfs", 2 }, { "tmpfs_inode", 1 } } },
	{ "name_remove", .frames = 8,                   /* 12 */
	  .cache = { { "dentry", 2 }, { "ext_inode", 2 },
	      { "kbuf-512", 2 }, { "procfs", 4 } } },
	{ "open_cut", .frames = 6,                      /* 7 */
	  .cache = { { "fd_leaf", 3 } } },
	{ "open_make", .frames = 19,                    /* 30 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 3 },
	      { "file", 1 }, { "kbuf-512", 2 }, { "pipe", 1 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "page_direct", .frames = 17,                  /* 18 */
	  .cache = { { "buffer", 1 } } },
	{ "page_inodes", .frames = 0 },
	{ "page_read", .frames = 5,                     /* 10 */
	  .cache = { { "buffer", 5 }, { "page_io", 1 }, { "tree_node", 21 } } },
	{ "page_read_page", .frames = 1 },
	{ "page_sync", .frames = 1 },
	{ "page_writeback", .frames = 0,                /* 3 */
	  .cache = { { "page_io", 8 } } },
	{ "path_look", .frames = 2,                     /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "pipe_page", .frames = 1 },
	{ "pipe_write", .frames = 0 },
	{ "poll", .frames = 0 },
	{ "poll_chunk", .frames = 1 },
	{ "procfs.ioctl", .frames = 0 },
	{ "procfs.read", .frames = 2 },
	{ "procfs.readdir", .frames = 0 },
	{ "procfs.setattr", .frames = 0 },
	{ "procfs.sync", .frames = 0 },
	{ "procfs.write", .frames = 1 },
	{ "rename", .frames = 18,                       /* 24 */
	  .cache = { { "buffer", 6 }, { "dentry", 3 }, { "ext-claim", 6 },
	      { "ext_inode", 3 }, { "kbuf-512", 3 }, { "procfs", 6 } } },
	{ "root_attach", .frames = 3,                   /* 11 */
	  .cache = { { "dentry", 2 }, { "ext_inode", 1 },
	      { "kbuf-512", 2 }, { "mount", 1 }, { "procfs", 3 },
	      { "superblock", 1 }, { "tmpfs_inode", 1 },
	      { "tmpfs_super", 1 } } },
	{ "setattr", .frames = 0 },
	{ "sigqueue", .frames = 0,                      /* 1 */
	  .cache = { { "sigqueue", 1 } } },
	{ "sys_access", .frames = 2,                    /* 7 */
	  .cache = { { "cred", 1 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_alarm", .frames = 0 },
	{ "sys_arch_prctl", .frames = 0 },
	{ "sys_brk", .frames = 0,                       /* 1 */
	  .cache = { { "vma", 1 } } },
	{ "sys_capget", .frames = 0 },
	{ "sys_capset", .frames = 0 },
	{ "sys_chdir", .frames = 2,                     /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_chmod", .frames = 2,                     /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_chown", .frames = 2,                     /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_chroot", .frames = 2,                    /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_clock_getres", .frames = 0 },
	{ "sys_clock_gettime", .frames = 0 },
	{ "sys_clock_nanosleep", .frames = 0 },
	{ "sys_clock_settime", .frames = 0 },
	{ "sys_clone", .frames = 1,                     /* 2 */
	  .cache = { { "aspace", 1 } } },
	{ "sys_close", .frames = 0 },
	{ "sys_close_range", .frames = 2,               /* 4 */
	  .cache = { { "fd_leaf", 1 }, { "fdtable", 1 } } },
	{ "sys_copy_file_range", .frames = 0 },
	{ "sys_creat", .frames = 15,                    /* 26 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 1 },
	      { "file", 1 }, { "kbuf-512", 2 }, { "pipe", 1 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_dup", .frames = 2,                       /* 3 */
	  .cache = { { "fd_leaf", 1 } } },
	{ "sys_dup2", .frames = 2,                      /* 3 */
	  .cache = { { "fd_leaf", 1 } } },
	{ "sys_dup3", .frames = 2,                      /* 3 */
	  .cache = { { "fd_leaf", 1 } } },
	{ "sys_eventfd", .frames = 2,                   /* 5 */
	  .cache = { { "eventfd", 1 }, { "fd_leaf", 1 }, { "file", 1 } } },
	{ "sys_eventfd2", .frames = 2,                  /* 5 */
	  .cache = { { "eventfd", 1 }, { "fd_leaf", 1 }, { "file", 1 } } },
	{ "sys_execve", .frames = 3,                    /* 4 */
	  .cache = { { "exec", 1 } } },
	{ "sys_execveat", .frames = 3,                  /* 4 */
	  .cache = { { "exec", 1 } } },
	{ "sys_exit", .frames = 0 },
	{ "sys_exit_group", .frames = 0 },
	{ "sys_faccessat", .frames = 2,                 /* 7 */
	  .cache = { { "cred", 1 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_faccessat2", .frames = 2,                /* 7 */
	  .cache = { { "cred", 1 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_fadvise64", .frames = 0 },
	{ "sys_fallocate", .frames = 0 },
	{ "sys_fchdir", .frames = 0 },
	{ "sys_fchmod", .frames = 0 },
	{ "sys_fchmodat", .frames = 2,                  /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_fchown", .frames = 0 },
	{ "sys_fchownat", .frames = 2,                  /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_fcntl", .frames = 2,                     /* 4 */
	  .cache = { { "fd_leaf", 1 }, { "file_lock", 2 } } },
	{ "sys_fdatasync", .frames = 0 },
	{ "sys_fgetxattr", .frames = 5,                 /* 6 */
	  .cache = { { "buffer", 2 } } },
	{ "sys_flistxattr", .frames = 5,                /* 6 */
	  .cache = { { "buffer", 2 } } },
	{ "sys_flock", .frames = 0,                     /* 1 */
	  .cache = { { "file_lock", 2 } } },
	{ "sys_fork", .frames = 1,                      /* 2 */
	  .cache = { { "aspace", 1 } } },
	{ "sys_fremovexattr", .frames = 10,             /* 13 */
	  .cache = { { "buffer", 8 }, { "ext-claim", 4 },
	      { "journal_revoke", 1 } } },
	{ "sys_fsetxattr", .frames = 11,                /* 14 */
	  .cache = { { "buffer", 8 }, { "ext-claim", 4 },
	      { "journal_revoke", 1 } } },
	{ "sys_fstat", .frames = 0 },
	{ "sys_fstatfs", .frames = 0 },
	{ "sys_fsync", .frames = 0 },
	{ "sys_ftruncate", .frames = 0 },
	{ "sys_futex", .frames = 0 },
	{ "sys_futimesat", .frames = 2,                 /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_get_robust_list", .frames = 0 },
	{ "sys_getcpu", .frames = 0 },
	{ "sys_getcwd", .frames = 1 },
	{ "sys_getdents", .frames = 0 },
	{ "sys_getdents64", .frames = 0 },
	{ "sys_getegid", .frames = 0 },
	{ "sys_geteuid", .frames = 0 },
	{ "sys_getgid", .frames = 0 },
	{ "sys_getgroups", .frames = 0 },
	{ "sys_getitimer", .frames = 0 },
	{ "sys_getpgid", .frames = 0 },
	{ "sys_getpgrp", .frames = 0 },
	{ "sys_getpid", .frames = 0 },
	{ "sys_getppid", .frames = 0 },
	{ "sys_getpriority", .frames = 0 },
	{ "sys_getrandom", .frames = 0 },
	{ "sys_getresgid", .frames = 0 },
	{ "sys_getresuid", .frames = 0 },
	{ "sys_getrlimit", .frames = 0 },
	{ "sys_getrusage", .frames = 0 },
	{ "sys_getsid", .frames = 0 },
	{ "sys_gettid", .frames = 0 },
	{ "sys_gettimeofday", .frames = 0 },
	{ "sys_getuid", .frames = 0 },
	{ "sys_getxattr", .frames = 6,                  /* 11 */
	  .cache = { { "buffer", 2 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_ioctl", .frames = 0 },
	{ "sys_ioprio_get", .frames = 0 },
	{ "sys_ioprio_set", .frames = 0 },
	{ "sys_kill", .frames = 0 },
	{ "sys_lchown", .frames = 2,                    /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_lgetxattr", .frames = 6,                 /* 11 */
	  .cache = { { "buffer", 2 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_link", .frames = 12,                     /* 18 */
	  .cache = { { "buffer", 6 }, { "dentry", 2 }, { "ext-claim", 6 },
	      { "ext_inode", 2 }, { "kbuf-512", 2 }, { "procfs", 4 } } },
	{ "sys_linkat", .frames = 12,                   /* 18 */
	  .cache = { { "buffer", 6 }, { "dentry", 2 }, { "ext-claim", 6 },
	      { "ext_inode", 2 }, { "kbuf-512", 2 }, { "procfs", 4 } } },
	{ "sys_listxattr", .frames = 6,                 /* 11 */
	  .cache = { { "buffer", 2 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_llistxattr", .frames = 6,                /* 11 */
	  .cache = { { "buffer", 2 }, { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_lremovexattr", .frames = 12,             /* 19 */
	  .cache = { { "buffer", 8 }, { "dentry", 1 }, { "ext-claim", 4 },
	      { "ext_inode", 1 }, { "journal_revoke", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_lseek", .frames = 0 },
	{ "sys_lsetxattr", .frames = 12,                /* 19 */
	  .cache = { { "buffer", 8 }, { "dentry", 1 }, { "ext-claim", 4 },
	      { "ext_inode", 1 }, { "journal_revoke", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_lstat", .frames = 0 },
	{ "sys_madvise", .frames = 0,                   /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_membarrier", .frames = 0 },
	{ "sys_mincore", .frames = 0 },
	{ "sys_mkdir", .frames = 13,                    /* 21 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext_inode", 3 }, { "kbuf-2048", 1 }, { "kbuf-512", 2 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_mkdirat", .frames = 13,                  /* 21 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext_inode", 3 }, { "kbuf-2048", 1 }, { "kbuf-512", 2 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_mknod", .frames = 13,                    /* 21 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext_inode", 3 }, { "kbuf-2048", 1 }, { "kbuf-512", 2 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_mknodat", .frames = 13,                  /* 21 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext_inode", 3 }, { "kbuf-2048", 1 }, { "kbuf-512", 2 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_mlock", .frames = 0,                     /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_mlock2", .frames = 0,                    /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_mlockall", .frames = 0,                  /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_mmap", .frames = 0,                      /* 2 */
	  .cache = { { "shm", 1 }, { "vma", 2 } } },
	{ "sys_mount", .frames = 5,                     /* 13 */
	  .cache = { { "dentry", 2 }, { "ext_inode", 1 },
	      { "kbuf-512", 2 }, { "mount", 1 }, { "procfs", 3 },
	      { "superblock", 1 }, { "tmpfs_inode", 1 },
	      { "tmpfs_super", 1 } } },
	{ "sys_mprotect", .frames = 0,                  /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_mremap", .frames = 12,                   /* 13 */
	  .cache = { { "vma", 3 } } },
	{ "sys_msync", .frames = 0 },
	{ "sys_munlock", .frames = 0,                   /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_munlockall", .frames = 0,                /* 1 */
	  .cache = { { "vma", 2 } } },
	{ "sys_munmap", .frames = 0,                    /* 1 */
	  .cache = { { "vma", 1 } } },
	{ "sys_nanosleep", .frames = 0 },
	{ "sys_newfstatat", .frames = 0 },
	{ "sys_open", .frames = 15,                     /* 26 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 1 },
	      { "file", 1 }, { "kbuf-512", 2 }, { "pipe", 1 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_openat", .frames = 15,                   /* 26 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 1 },
	      { "file", 1 }, { "kbuf-512", 2 }, { "pipe", 1 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_pause", .frames = 0 },
	{ "sys_personality", .frames = 0 },
	{ "sys_pipe", .frames = 4,                      /* 7 */
	  .cache = { { "fd_leaf", 2 }, { "file", 2 }, { "pipe", 1 } } },
	{ "sys_pipe2", .frames = 4,                     /* 7 */
	  .cache = { { "fd_leaf", 2 }, { "file", 2 }, { "pipe", 1 } } },
	{ "sys_pivot_root", .frames = 2,                /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_poll", .frames = 0 },
	{ "sys_ppoll", .frames = 0 },
	{ "sys_prctl", .frames = 0 },
	{ "sys_pread64", .frames = 0 },
	{ "sys_preadv", .frames = 0 },
	{ "sys_preadv2", .frames = 0 },
	{ "sys_prlimit64", .frames = 0 },
	{ "sys_pselect6", .frames = 0 },
	{ "sys_pwrite64", .frames = 0 },
	{ "sys_pwritev", .frames = 0 },
	{ "sys_pwritev2", .frames = 0 },
	{ "sys_read", .frames = 0 },
	{ "sys_readahead", .frames = 0 },
	{ "sys_readlink", .frames = 3,                  /* 7 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_readlinkat", .frames = 3,                /* 7 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_readv", .frames = 0 },
	{ "sys_reboot", .frames = 0 },
	{ "sys_removexattr", .frames = 12,              /* 19 */
	  .cache = { { "buffer", 8 }, { "dentry", 1 }, { "ext-claim", 4 },
	      { "ext_inode", 1 }, { "journal_revoke", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_rename", .frames = 2,                    /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_renameat", .frames = 2,                  /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_renameat2", .frames = 2,                 /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_restart_syscall", .frames = 0 },
	{ "sys_rmdir", .frames = 10,                    /* 14 */
	  .cache = { { "dentry", 3 }, { "ext_inode", 3 },
	      { "kbuf-512", 3 }, { "procfs", 6 } } },
	{ "sys_rt_sigaction", .frames = 0 },
	{ "sys_rt_sigpending", .frames = 0 },
	{ "sys_rt_sigprocmask", .frames = 0 },
	{ "sys_rt_sigqueueinfo", .frames = 0 },
	{ "sys_rt_sigreturn", .frames = 0 },
	{ "sys_rt_sigsuspend", .frames = 0 },
	{ "sys_rt_sigtimedwait", .frames = 0 },
	{ "sys_rt_tgsigqueueinfo", .frames = 0 },
	{ "sys_sched_get_priority_max", .frames = 0 },
	{ "sys_sched_get_priority_min", .frames = 0 },
	{ "sys_sched_getaffinity", .frames = 0 },
	{ "sys_sched_getparam", .frames = 0 },
	{ "sys_sched_getscheduler", .frames = 0 },
	{ "sys_sched_rr_get_interval", .frames = 0 },
	{ "sys_sched_setaffinity", .frames = 0 },
	{ "sys_sched_setparam", .frames = 0 },
	{ "sys_sched_setscheduler", .frames = 0 },
	{ "sys_sched_yield", .frames = 0 },
	{ "sys_select", .frames = 0 },
	{ "sys_sendfile", .frames = 0 },
	{ "sys_set_robust_list", .frames = 0 },
	{ "sys_set_tid_address", .frames = 0 },
	{ "sys_setdomainname", .frames = 0 },
	{ "sys_setfsgid", .frames = 0,                  /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setfsuid", .frames = 0,                  /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setgid", .frames = 0,                    /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setgroups", .frames = 0,                 /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_sethostname", .frames = 0 },
	{ "sys_setitimer", .frames = 0 },
	{ "sys_setpgid", .frames = 0 },
	{ "sys_setpriority", .frames = 0 },
	{ "sys_setregid", .frames = 0,                  /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setresgid", .frames = 0,                 /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setresuid", .frames = 0,                 /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setreuid", .frames = 0,                  /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setrlimit", .frames = 0 },
	{ "sys_setsid", .frames = 0 },
	{ "sys_settimeofday", .frames = 0 },
	{ "sys_setuid", .frames = 0,                    /* 1 */
	  .cache = { { "cred", 1 } } },
	{ "sys_setxattr", .frames = 12,                 /* 19 */
	  .cache = { { "buffer", 8 }, { "dentry", 1 }, { "ext-claim", 4 },
	      { "ext_inode", 1 }, { "journal_revoke", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_sigaltstack", .frames = 0 },
	{ "sys_stat", .frames = 0 },
	{ "sys_statfs", .frames = 2,                    /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_statx", .frames = 0 },
	{ "sys_symlink", .frames = 13,                  /* 21 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext_inode", 3 }, { "kbuf-2048", 1 }, { "kbuf-512", 2 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_symlinkat", .frames = 13,                /* 21 */
	  .cache = { { "buffer", 7 }, { "dentry", 2 }, { "ext-claim", 7 },
	      { "ext_inode", 3 }, { "kbuf-2048", 1 }, { "kbuf-512", 2 },
	      { "procfs", 4 }, { "tmpfs_inode", 1 } } },
	{ "sys_sync", .frames = 0 },
	{ "sys_sync_file_range", .frames = 0 },
	{ "sys_syncfs", .frames = 0 },
	{ "sys_sysinfo", .frames = 0 },
	{ "sys_syslog", .frames = 0 },
	{ "sys_tgkill", .frames = 0 },
	{ "sys_time", .frames = 0 },
	{ "sys_timer_create", .frames = 0,              /* 1 */
	  .cache = { { "ptimer", 1 } } },
	{ "sys_timer_delete", .frames = 0 },
	{ "sys_timer_getoverrun", .frames = 0 },
	{ "sys_timer_gettime", .frames = 0 },
	{ "sys_timer_settime", .frames = 0 },
	{ "sys_times", .frames = 0 },
	{ "sys_tkill", .frames = 0 },
	{ "sys_truncate", .frames = 2,                  /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_umask", .frames = 0 },
	{ "sys_umount2", .frames = 2,                   /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_uname", .frames = 0 },
	{ "sys_unlink", .frames = 10,                   /* 14 */
	  .cache = { { "dentry", 3 }, { "ext_inode", 3 },
	      { "kbuf-512", 3 }, { "procfs", 6 } } },
	{ "sys_unlinkat", .frames = 10,                 /* 14 */
	  .cache = { { "dentry", 3 }, { "ext_inode", 3 },
	      { "kbuf-512", 3 }, { "procfs", 6 } } },
	{ "sys_unshare", .frames = 2,                   /* 5 */
	  .cache = { { "fd_leaf", 1 }, { "fdtable", 1 }, { "fs_ctx", 1 } } },
	{ "sys_utime", .frames = 2,                     /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_utimensat", .frames = 2,                 /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_utimes", .frames = 2,                    /* 6 */
	  .cache = { { "dentry", 1 }, { "ext_inode", 1 },
	      { "kbuf-512", 1 }, { "procfs", 2 } } },
	{ "sys_vfork", .frames = 1,                     /* 2 */
	  .cache = { { "aspace", 1 } } },
	{ "sys_wait4", .frames = 0 },
	{ "sys_waitid", .frames = 0 },
	{ "sys_write", .frames = 0 },
	{ "sys_writev", .frames = 0 },
	{ "tmpfs.ioctl", .frames = 0 },
	{ "tmpfs.read", .frames = 0 },
	{ "tmpfs.readdir", .frames = 0 },
	{ "tmpfs.setattr", .frames = 16,                /* 19 */
	  .cache = { { "tree_node", 21 } } },
	{ "tmpfs.sync", .frames = 0 },
	{ "tmpfs.write", .frames = 16,                  /* 19 */
	  .cache = { { "tree_node", 21 } } },
	{ "tty.ioctl", .frames = 0 },
	{ "tty.read", .frames = 0 },
	{ "tty.readdir", .frames = 0 },
	{ "tty.setattr", .frames = 0 },
	{ "tty.sync", .frames = 0 },
	{ "tty.write", .frames = 0 },
	{ "vfs_reap", .frames = 0 },
	{ "vfs_retire", .frames = 0 },
	{ "walk", .frames = 19,                         /* 35 */
	  .cache = { { "buffer", 8 }, { "dentry", 3 }, { "ext-claim", 7 },
	      { "ext-open", 1 }, { "ext_inode", 3 }, { "fd_leaf", 3 },
	      { "file", 1 }, { "journal_revoke", 1 }, { "kbuf-2048", 1 },
	      { "kbuf-512", 3 }, { "mount", 1 }, { "pipe", 1 },
	      { "procfs", 6 }, { "superblock", 1 }, { "tmpfs_inode", 1 },
	      { "tmpfs_super", 1 } } },
};
const u32 nbound_needs = sizeof(bound_needs) / sizeof(bound_needs[0]);
