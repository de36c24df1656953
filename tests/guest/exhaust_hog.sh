# In 32 MiB: a memory hog is killed, its memory is back within 2 seconds, a
# second one after it too, and the shell answers.
# test: guest --smp 2 --mem 32
# test: guest --smp 1 --mem 32
# test: guest --smp 2 --mem 32 --debug
# test: args 1
# test: args-long 50
# test: timeout 120
# test: timeout-long 1800
. /tests/lib.sh

round() {
	/tests/bin/hog > /tmp/out &
	pid=$!
	wait $pid
	is "the hog was killed" $? 137
	start=$(cut -d. -f1 /proc/uptime)
	while [ "$(meminfo MemAvailable)" -lt $((free - 3072)) ]; do
		if [ $(($(cut -d. -f1 /proc/uptime) - start)) -gt 2 ]; then
			echo "FAIL memory is not back after 2 seconds:" \
				"$(meminfo MemAvailable) of $free KiB"
			failed=1
			break
		fi
		sleep 0.1
	done
	echo "# it had $(tail -n 1 /tmp/out)"
}

free=$(meminfo MemAvailable)
echo "# $free KiB available"
for n in $(seq $1); do
	round
	round
	is "the shell answers" "$(echo a | tr a b)" b
done
check "/proc/reserve tells of the kill" grep -qi kill /proc/reserve
cat /proc/reserve
no_warnings
finish
