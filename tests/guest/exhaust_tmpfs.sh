# In 32 MiB: files in memory come to their limit, not the machine to its end.
# test: guest --smp 2 --mem 32
# test: timeout 120
. /tests/lib.sh

mkdir -p /mnt/t
mount -t tmpfs none /mnt/t
free=$(meminfo MemAvailable)
dd if=/dev/zero of=/mnt/t/full bs=64k 2> /tmp/err
check "the file system is full" grep -q 'No space left' /tmp/err
is "the shell answers" "$(echo a | tr a b)" b
rm /mnt/t/full
i=0
while [ $i -lt 3000 ] && touch /mnt/t/f$i 2> /dev/null; do
	i=$((i + 1))
done
rm -rf /mnt/t/f*
umount /mnt/t
sleep 1
check "memory is back" [ "$(meminfo MemAvailable)" -ge $((free - 3072)) ]
no_warnings
finish
