# Raw disks through the page cache: what is written comes back, by pages and by
# O_DIRECT, in pieces of any size; the disk's end; fsync; what memory says.
#
# test: timeout 90
# test: guest --smp 2 --mem 96 --debug
# test: guest+ --append 'ramdisk=16M selftest=cache_page'
# test: guest --smp 1 --mem 96 --append 'ramdisk=16M selftest=cache_page'
. /tests/lib.sh

D=/dev/ram0

# meminfo NAME: kB
meminfo() {
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# same FILE SKIP COUNT BS FLAGS...: that part of the disk is FILE
same() {
	file=$1 skip=$2 count=$3 bs=$4
	shift 4
	dd if=$D of=/tmp/back bs="$bs" skip="$skip" count="$count" "$@" \
	    2> /tmp/dd.err && cmp "$file" /tmp/back
}

check "no self-test failed" sh -c \
    'dmesg | grep -q "selftest: [0-9]* passed, 0 failed"'

dd if=/dev/urandom of=/tmp/a bs=4096 count=1000 2> /dev/null
dd if=/dev/urandom of=/tmp/b bs=1000 count=777 2> /dev/null

check "writes 4 MB" dd if=/tmp/a of=$D bs=64k
check "reads it back" same /tmp/a 0 1000 4096
check "by O_DIRECT too: dirty pages are written first" \
    same /tmp/a 0 1000 4096 iflag=direct
check "nothing is dirty after fsync" sh -c "dd if=/tmp/a of=$D bs=1M \
    conv=fsync && grep -q '^Dirty: *0 kB' /proc/meminfo"

check "writes in pieces across pages" dd if=/tmp/b of=$D bs=1000 seek=5001
check "reads them" same /tmp/b 5001 777 1000
dd if=/tmp/a of=/tmp/before bs=1000 skip=4000 count=96 2> /dev/null
check "and left what is beside alone" same /tmp/before 4000 96 1000

check "writes by O_DIRECT" dd if=/tmp/a of=$D bs=64k oflag=direct seek=16
check "pages see it" same /tmp/a 256 1000 4096
dd if=/tmp/a of=/tmp/sector bs=512 skip=77 count=1 2> /dev/null
check "one sector by O_DIRECT" \
    same /tmp/sector $((2048 + 77)) 1 512 iflag=direct

# Everything goes through 96 MiB of memory, several times.
check "fills the disk" sh -c \
    "! dd if=/dev/zero of=$D bs=1M 2> /tmp/full"
is "up to its end" "$(sed -n 's/^\([0-9]*\) bytes.*/\1/p' /tmp/full)" 16777216
check "which says so" grep -q 'No space left' /tmp/full
check "reads up to its end" sh -c "dd if=$D bs=1M | wc -c | grep -qx 16777216"
is "and not further" "$(dd if=$D bs=4096 skip=4096 2> /dev/null | wc -c)" 0
check "pages are cached" [ "$(meminfo Cached)" -ge 16384 ]
no_warnings
finish
