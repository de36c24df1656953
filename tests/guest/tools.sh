# What an administrator looks at: ps, top, free, mount, dmesg and kin.
# test: guest --smp 2
. /tests/lib.sh

check ps sh -c 'ps | grep -q init'
check "ps shows us" sh -c "ps -o pid,comm | grep -q '^ *$$ '"
check top sh -c 'top -b -n 1 | grep -q CPU'
check free sh -c 'free | grep -q Mem:'
check uptime uptime
check mount sh -c 'mount | grep -q "proc on /proc"'
check df sh -c 'df -a > /dev/null'
check dmesg sh -c 'dmesg | grep -qi hardtack'
check uname sh -c 'uname -a | grep -q x86_64'
check id sh -c 'id | grep -q uid=0'
check date sh -c '[ "$(date +%Y)" -ge 2024 ]'
check hostname sh -c '[ "$(hostname)" = hardtack ]'
check nproc sh -c '[ "$(nproc)" -eq 2 ]'
check stat sh -c 'stat / | grep -q directory'
check "ls -l /dev" sh -c 'ls -l /dev | grep -q null'
check pidof sh -c 'pidof init | grep -qw 1'
check pgrep sh -c 'sleep 50 & sleep 0.3; pgrep sleep && pkill sleep'
check nice sh -c '[ "$(nice -n 5 nice)" = 5 ]'
check su sh -c '[ "$(su user -c "id -u")" = 1000 ]'
check "fuser or lsof" sh -c 'lsof > /dev/null'
check pmap sh -c 'pmap $$ > /dev/null'
check time sh -c 'time true 2> /dev/null'
check "umount" sh -c 'mkdir -p /mnt/t && mount -t tmpfs none /mnt/t &&
	touch /mnt/t/x && umount /mnt/t && [ ! -e /mnt/t/x ]'
check "/proc/reserve" sh -c 'grep -q . /proc/reserve'
check "less than 16 MiB at the prompt" \
	[ $(($(meminfo MemTotal) - $(meminfo MemFree))) -lt 16384 ]
head -n 40 /proc/meminfo
no_warnings
finish
