# In 32 MiB: a fork bomb, which nobody ends but the killer and its own alarm.
# test: guest --smp 2 --mem 32
# test: guest --smp 2 --mem 32 --debug
# test: args 1
# test: args-long 50
# test: timeout 180
# test: timeout-long 3000
. /tests/lib.sh

free=$(meminfo MemAvailable)
echo "# $free KiB available"
for n in $(seq $1); do
	# In the background, so that this shell is not in its lineage's way.
	/tests/bin/forkbomb 5 2> /dev/null &
	sleep 6
	pkill -KILL forkbomb
	start=$(cut -d. -f1 /proc/uptime)
	while pgrep forkbomb > /dev/null; do
		pkill -KILL forkbomb
		[ $(($(cut -d. -f1 /proc/uptime) - start)) -lt 30 ] || break
		sleep 0.2
	done
	wait
	is "no bomb left" "$(pgrep forkbomb | wc -l)" 0
	sleep 2
	check "memory is back" [ "$(meminfo MemAvailable)" -ge $((free - 3072)) ]
	is "the shell answers" "$(echo a | tr a b)" b
done
cat /proc/reserve
no_warnings
finish
