# Ordinary shell work: pipelines, redirections, job control, the usual tools.
# test: guest --smp 1
# test: guest --smp 2
# test: guest --smp 2 --debug
# test: guest --smp 16
# test: timeout 180
. /tests/lib.sh
cd /tmp || exit 1

is pipeline "$(seq 1 1000 | grep 7 | sort -rn | head -n 3 | tr '\n' ' ')" \
	"997 987 979 "
is "long pipeline" "$(echo x | cat | cat | cat | cat | cat | cat | cat)" x
is sum "$(seq 1 10000 | awk '{ s += $1 } END { print s }')" 50005000
is "exit status" "$(false; echo $?)$(true; echo $?)" 10
is "of a pipeline" "$(true | false; echo $?)" 1
is "here document" "$(cat <<-END
	one
	two
	END
)" "one
two"
echo a > f; echo b >> f; echo c 2> e >> f
is append "$(cat f | tr -d '\n')" abc
is "both outputs" "$( (echo out; echo err >&2) 2>&1 | wc -l)" 2
is "missing command" "$(nosuch 2> /dev/null; echo $?)" 127
is "subshell keeps to itself" "$(x=1; (x=2); echo $x)" 1
is arithmetic "$((6 * 7 - 1 << 2))" 164
is glob "$(touch g1 g2 g3; echo g?)" "g1 g2 g3"
is find "$(mkdir -p d/e/f; touch d/e/f/x; find d -type f)" d/e/f/x
is sed "$(echo hello | sed s/l/L/g)" heLLo
dd if=/dev/urandom of=big bs=64k count=32 2> /dev/null
is "big file" "$(wc -c < big)" 2097152
gzip -c big > big.gz
is gzip "$(gzip -dc big.gz | md5sum)" "$(md5sum < big)"
tar cf t.tar d big
mkdir x
tar xf t.tar -C x
check tar cmp big x/big
cp -r d d2
is copy "$(find d2 | wc -l)" 4
rm -rf d d2 x t.tar
is "rm -r" "$(ls -d d d2 x 2> /dev/null)" ""
ln -s f link
is "link" "$(readlink link)" f

sleep 0.2 & a=$!
sleep 0.1 & b=$!
wait $b; wait $a
is "wait for two" $? 0
(exit 7) & wait $!
is "status of a job" $? 7
sleep 100 & p=$!
kill $p
wait $p 2> /dev/null
is "killed job" $? 143
is trap "$(sh -c 'trap "echo caught" TERM; kill $$; echo after')" "caught
after"
is "trap on exit" "$(sh -c 'trap "echo bye" EXIT; exit 3'; echo $?)" "bye
3"
is timeout "$(timeout 1 sleep 5; echo $?)" 143
is "yes and head" "$(yes | head -n 100000 | wc -l)" 100000

set -m
sleep 100 &
jobs > j
is "job runs" "$(grep -c Running j)" 1
kill -STOP %1
sleep 0.3
jobs > j
is "job stopped" "$(grep -c Stopped j)" 1
kill -CONT %1
sleep 0.3
kill %1
wait 2> /dev/null
set +m

is "many processes" "$(for i in $(seq 200); do echo $i & done | sort -n |
	tail -n 1)" 200
i=0
while [ $i -lt 200 ]; do
	/bin/true
	i=$((i + 1))
done
is "many forks and execs" $i 200
mkfifo pipe
(sleep 0.1; echo through) > pipe &
is fifo "$(cat pipe)" through
no_warnings
finish
