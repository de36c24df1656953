# Sourced by the scripts here: check WHAT CONDITION..., and the exit status.
failed=0

check() {
	what=$1
	shift
	if "$@"; then
		echo "ok $what"
	else
		echo "FAIL $what"
		failed=1
	fi
}

# is WHAT GOT WANTED: two strings that must be equal
is() {
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "FAIL $1: got '$2', not '$3'"
		failed=1
	fi
}

# The value in KiB of a line of /proc/meminfo.
meminfo() {
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# What the kernel may never say.
no_warnings() {
	if dmesg | grep -iE 'warning|lockdep|bug|breach|bound .* broken'; then
		echo "FAIL the kernel complained"
		failed=1
	else
		echo "ok no complaint of the kernel"
	fi
}

finish() {
	exit "$failed"
}
