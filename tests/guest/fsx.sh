# Files against a model: random reads, writes, mappings, truncations.
# test: guest --smp 2 --debug --append ramdisk=16M
# test: guest-long --smp 2 --append ramdisk=16M
# test: args 10000
# test: args-long 1000000
# test: timeout 120
# test: timeout-long 3600
. /tests/lib.sh
check "tmpfs" /tests/bin/fsx /tmp/fsx "$1" 1
no_warnings
finish
