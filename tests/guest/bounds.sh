# Calls with free memory at exactly their bounds, and one frame less.
#
# test: guest --smp 1 --debug
# test: guest --smp 2
# test: guest --smp 4 --debug
# test: timeout 120

exec /tests/bin/bounds
