# Memory exhaustion in 32 MiB: bombs and hogs of an unprivileged user are each
# survived, their memory comes back, and the shell answers afterwards.
#
# test: guest --mem 32 --smp 2
# test: guest --mem 32 --smp 1 --debug
# test: guest-long --mem 32 --smp 2
# test: guest-long --mem 32 --smp 2 --debug
# test: args 1
# test: args-long 50
# test: timeout 400
# test: timeout-long 7200

rounds=${1:-1}
failed=0
round=1
while [ $round -le $rounds ]; do
	[ $rounds -gt 1 ] && echo "# round $round of $rounds"
	# A second hog after the first was killed: memory twice.
	for attack in "3 1 memory" "3 1 memory" "4 1 fork"; do
		/tests/bin/survive $attack || failed=1
	done
	round=$((round + 1))
done
for attack in "3 1 heap" "4 1 forkhog" "5 0 maps" "3 0 split" "3 0 onesplit" \
    "3 0 threads" "3 0 fds" "3 0 events" "4 0 pipes" "3 0 onepipes" \
    "4 0 inodes" "3 0 dirs" "3 0 file" \
    "4 0 shared" "3 0 signals" "4 0 exec"; do
	/tests/bin/survive $attack || failed=1
done

if grep -q '^kills  *0$' /proc/reserve; then
	echo "not ok /proc/reserve shows who was killed"
	failed=1
elif ! grep -A 2 '^killed' /proc/reserve | grep -q attack; then
	echo "not ok /proc/reserve names the victims"
	failed=1
else
	echo "ok /proc/reserve shows who was killed"
fi
if awk '/^call/ { table = 1 } table && $4 > 0 { n++ } END { exit !n }' \
    /proc/reserve; then
	echo "ok /proc/reserve shows who waited"
else
	echo "not ok /proc/reserve shows who waited"
	failed=1
fi
[ $failed = 0 ] || { cat /proc/reserve; dmesg | tail -40; }
exit $failed
