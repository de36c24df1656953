# Every CPU is there, and runs.
# test: guest --smp 1 --append cpus-wanted=1
# test: guest --smp 4 --append cpus-wanted=4
# test: guest --smp 16 --append cpus-wanted=16
# test: guest --smp 64 --append cpus-wanted=64
# test: guest --smp 16 --append cpus-wanted=16 --debug
# test: timeout 180
. /tests/lib.sh

want=$(sed 's/.*cpus-wanted=\([0-9]*\).*/\1/' /proc/cmdline)
is nproc "$(nproc)" "$want"
is cpuinfo "$(grep -c ^processor /proc/cpuinfo)" "$want"
is "stat" "$(grep -c '^cpu[0-9]' /proc/stat)" "$want"
i=0 bad=
while [ $i -lt "$want" ]; do
	taskset $(printf %x $((1 << i & 0x7fffffff))) true 2> /dev/null ||
		[ $i -ge 31 ] || bad="$bad $i"
	i=$((i + 1))
done
is "a process on each CPU" "$bad" ""
# Spread: as many spinning processes as CPUs get about equal time.
i=0
while [ $i -lt "$want" ]; do
	sh -c 'while :; do :; done' &
	i=$((i + 1))
done
sleep 3
kill $(jobs -p)
wait 2> /dev/null
echo "ok spinning processes on all"
no_warnings
finish
