# /dev: the nodes are there and do what they are for.
#
# test: timeout 60

failed=0
check()
{
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: $2, not $3"
		failed=1
	fi
}

for node in null zero full random urandom tty console ttyS0 ttyS1 kmsg; do
	[ -c /dev/$node ]
	check "/dev/$node is a character device" $? 0
done
check "numbers of null" "$(stat -c %t:%T /dev/null)" 1:3
check "numbers of ttyS1" "$(stat -c %t:%T /dev/ttyS1)" 4:41
check "link fd" "$(readlink /dev/fd)" /proc/self/fd
check "link stdin" "$(readlink /dev/stdin)" /proc/self/fd/0
check "zero reads zeros" "$(head -c 4 /dev/zero | od -An -tx1 | tr -d ' ')" \
    00000000
check "full is full" "$(echo x 2>/dev/null > /dev/full && echo no)" ""
check "random differs" \
    "$([ "$(head -c 16 /dev/urandom | md5sum)" = \
	"$(head -c 16 /dev/urandom | md5sum)" ] && echo same)" ""
check "a link to our input" "$(echo through | cat /dev/stdin)" through
check "a link to our output" "$(echo out > /dev/stdout | cat)" out
check "a link to our error" "$( (echo err > /dev/stderr) 2>&1 | cat)" err
check "shm is for all" "$(stat -c %a /dev/shm)" 1777

mknod /dev/mine c 1 3 && echo gone > /dev/mine
check "a node of our own" "$(cat /dev/mine)" ""
mkdir /dev/folder && rm /dev/mine && rmdir /dev/folder
check "removed again" "$(ls -d /dev/mine /dev/folder 2>/dev/null)" ""
mkdir -p /tmp/dev && mount -t devtmpfs none /tmp/dev
check "a second mount shows the same" "$(ls /tmp/dev)" "$(ls /dev)"
umount /tmp/dev
exit $failed
