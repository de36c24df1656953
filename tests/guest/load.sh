# A mixed load; afterwards memory is back where it began, and no warning.
# test: guest --smp 2 --debug
# test: guest-long --smp 1 --debug
# test: guest-long --smp 2 --debug
# test: guest-long --smp 4 --debug
# test: guest-long --smp 16 --debug
# test: args 30
# test: args-long 600
# test: timeout 240
# test: timeout-long 1200
. /tests/lib.sh
cd /tmp || exit 1
seconds=$1

files() {
	mkdir -p $1 && cd $1 || exit 1
	dd if=/dev/urandom of=data bs=4k count=20 2> /dev/null
	for i in $(seq 20); do
		cp data f$i
		mv f$i g$i
		ln g$i h$i
	done
	tar cf - . | gzip | gzip -d | tar tf - | sort > list
	find . -name 'h*' | xargs rm
	md5sum g* | sort | uniq -c > sums
	cd .. && rm -rf $1
}

pipes() {
	seq 1 20000 | awk '{ print $1 * 2 }' | sort -n | tail -n 1 > /dev/null
	yes | head -n 20000 | wc -l > /dev/null
}

processes() {
	for i in $(seq 30); do
		(exit 3) & sh -c 'echo $(echo nested)' > /dev/null
	done
	wait
	sleep 100 & kill -STOP $!; kill -CONT $!; kill $!; wait
}

worker() {
	n=0
	while [ "$(cut -d. -f1 /proc/uptime)" -lt "$2" ]; do
		files w$1
		pipes
		processes
		n=$((n + 1))
	done
	echo "# worker $1: $n rounds"
	[ $n -gt 0 ]
}

# The first round fills caches that stay.
files warm; pipes; processes
sync
sleep 1
before=$(meminfo MemAvailable)
end=$(($(cut -d. -f1 /proc/uptime) + seconds))
pids=
for w in $(seq $(($(nproc) * 2))); do
	worker $w $end &
	pids="$pids $!"
done
bad=0
for p in $pids; do
	wait $p || bad=$((bad + 1))
done
is "workers that failed" $bad 0
cd / && rm -rf /tmp/w*
sleep 2
after=$(meminfo MemAvailable)
echo "# available: $before KiB before, $after KiB after"
check "memory is back" [ $after -ge $((before - 2048)) ]
is "processes left" "$(ps | grep -c '[w]orker')" 0
cat /proc/meminfo
no_warnings
finish
