# System calls at random by a user without rights: the kernel stays up.
# test: guest --smp 2 --debug
# test: guest-long --smp 2 --debug
# test: args 15
# test: args-long 600
# test: timeout 120
# test: timeout-long 900
. /tests/lib.sh
mkdir -p /tmp/fuzz && cd /tmp/fuzz || exit 1
check "random calls" /tests/bin/fuzz "$1"
is "the shell answers" "$(sh -c 'echo alive')" alive
no_warnings
finish
