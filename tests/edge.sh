# System call tests with free memory at the edge: sh edge.sh PROGRAM...
#
# "exact": each call, fault and step is admitted with exactly the frames that
# its bound says, and there is no other free frame, and no free object in any
# slab; so it panics (debug kernel) if it takes one more. Nothing fails.
# "short": one frame less is there, so each waits at its entry, then goes on.
#
# It prints what tests/abirun does; tests/run judges it. See kernel/vm/hold.c.

knob=/proc/sys/vm/unpromised_frames
rows() { awk '/^call / { table = 1; next } table' /proc/reserve; }

# Hidden frames, frames miscounted, admissions, those that waited.
look() { read -r held off admissions waited < $knob; }

check() {
	what=$1
	shift
	if [ "$@" ]; then
		echo "ok $what"
	else
		echo "FAIL $what ($*)"
	fi
}

run() {
	mode=$1
	shift
	kills=$(awk '$1 == "kills" { print $2 }' /proc/reserve)
	echo "== $mode"
	echo "$mode" 1<> $knob
	look
	check "$mode: the frames are hidden" "$held" -gt 0
	echo "== $mode exit 0 0"
	abirun -t 30 "$@"
	echo "== $mode-end"
	look
	check "$mode: still at the edge" "$held" -gt 0
	echo -1 1<> $knob
	look
	for _ in 1 2 3 4 5 6 7 8 9; do	# somebody may be between two counts
		[ "$off" -eq 0 ] && break
		look
	done
	echo "# $admissions admissions, $waited waited; miscounted $off;" \
	    "breaches $(dmesg | grep -c breached)"
	check "$mode: admissions" "$admissions" -gt 10000
	check "$mode: every frame is counted" "$off" -eq 0
	check "$mode: nobody was killed" "$kills" -eq \
	    "$(awk '$1 == "kills" { print $2 }' /proc/reserve)"
}

run exact "$@"
check "exact: nobody waited" "$waited" -eq 0
echo "== exact-end exit 0 0"
run short "$@"
check "short: everybody waited" "$waited" -eq "$admissions"
rows | awk '$2 > 0 { n++; full += $2 == $3; used += $3 > 0 }
    END { print "# " used " of " n " rows took frames, " full " all of them" }'
echo "== short-end exit 0 0"
cat /proc/reserve		# the peaks, for bounds/peaks
