# Block devices: the kernel's self-tests of the layer (the command line asks for
# them), the nodes of devfs and the files of /proc, on a RAM disk.
#
# test: timeout 60
# test: guest --smp 4 --debug --append 'selftest=block ramdisk=8M'
# test: guest --smp 1 --append 'selftest=block ramdisk=8M'
. /tests/lib.sh

# field FILE NAME N: word N of the line in which word 3 or 4 is NAME
field() {
	awk -v name="$2" -v n="$3" '$3 == name || $4 == name { print $n }' \
	    "/proc/$1"
}

check "the self-tests ran" sh -c 'dmesg | grep -q "selftest: block_"'
check "none failed" sh -c 'dmesg | grep -q "selftest: [0-9]* passed, 0 failed"'

is "its size in partitions" "$(field partitions ram0 3)" 8192
is "its numbers there" "$(field partitions ram0 1):$(field partitions ram0 2)" \
    1:0
is "fields of diskstats" \
    "$(awk '$3 == "ram0" { print NF }' /proc/diskstats)" 20
check "reads were counted" [ "$(field diskstats ram0 4)" -ge 1 ]
is "requests in flight" "$(field diskstats ram0 12)" 0
check "it is in block" grep -q '^ram0: 16384 sectors of 512' /proc/block
check "its driver is in devices" grep -q '^  1 ram$' /proc/devices

check "the node is a block device" [ -b /dev/ram0 ]
is "owner, group and mode" "$(stat -c '%u %g %a' /dev/ram0)" "0 6 660"
is "its numbers" "$(stat -c '%t:%T' /dev/ram0)" 1:0
mknod /tmp/none b 8 240
check "a number without a disk does not open" \
    sh -c '! true < /tmp/none 2> /dev/null'
rm /tmp/none
no_warnings
finish
