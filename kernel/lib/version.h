/*
 * What uname(2) and /proc/version say.
 */
#pragma once

#define KERNEL_NAME	"Hardtack"
#define KERNEL_RELEASE	"0.1.0"
#define KERNEL_VERSION	"#1 SMP"
#define KERNEL_MACHINE	"x86_64"
