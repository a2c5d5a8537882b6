# dnc-ingest --watch: the files of a directory, one after the other, each once.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir in
}

# Files named as the arguments, each with one number of its own, and a line that is none.
list() {
	local name
	for name; do
		printf '%s\n' "202555$(printf %04d $((0x$(md5sum <<<"$name" | head -c 4) % 10000)))" >"$name"
	done
}

# Starts to watch; its events are in the file out, its messages in err. Sets WATCHER.
start() {
	dnc-ingest --watch=in --format=numbers --reason=complaint "$@" >>out 2>>err 3>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
	wait_for test -d in/failed
}

once() { dnc-ingest --watch=in --once --format=numbers --reason=complaint "$@"; }

# No file of a run is left but the lock.
no_work_left() { [ "$(find in -name '.dnc-ingest.*' | sort)" = in/.dnc-ingest.lock ]; }

@test "what is there at the start is taken in order of name, then what is moved in and what is written" {
	list in/b in/a in/B
	start
	wait_for test -e in/done/b
	list c
	mv c in
	wait_for test -e in/done/c
	list in/d
	wait_for test -e in/done/d
	grep -o 'now done/.*' err >order
	printf 'now done/%s\n' B a b c d | diff - order
	[ "$(wc -l <out)" -eq 5 ]
	no_work_left
	kill "$WATCHER"
	wait "$WATCHER"
}

@test "a file that is being written is left alone until it is closed" {
	start
	exec 8>in/slow
	echo 2025550101 >&8
	list in/quick
	wait_for test -e in/done/quick
	# It is looked at again, also by a list of the directory.
	list .moved
	mv .moved in/second
	wait_for test -e in/done/second
	echo 2025550102 >&8
	[ -e in/slow ]
	exec 8>&-
	wait_for test -e in/done/slow
	has_lines 4 out
	# And what somebody holds open when it starts.
	kill "$WATCHER"
	wait "$WATCHER"
	exec 8>in/held
	run -0 once
	[[ $output == *"1 file is still being written"* ]]
	[ -e in/held ]
	exec 8>&-
	run -0 once
	[ -e in/done/held ]
}

@test "2,000 files are taken in the order in which they were moved in" {
	local i
	start
	mkdir from
	for i in {1..2000}; do echo "202555$((i + 1000))" >"from/$((3000 - i))"; done
	# mv(1) would look at the files after they have moved on.
	/usr/bin/python3 -c 'import os; [os.rename(f"from/{3000 - i}", f"in/{3000 - i}") for i in range(1, 2001)]'
	wait_for has_lines 2000 out
	wait_for test -e in/done/1000
	for i in {1..2000}; do echo "+1202555$((i + 1000))"; done >right
	jq -r .phone_number out | diff - right
	[ -z "$(find in -maxdepth 1 -type f ! -name '.*')" ]
	[ "$(find in/done -type f | wc -l)" -eq 2000 ]
}

@test "rejects are beside the file, and what failed has a reason" {
	printf '2025550101\nx\n' >in/some
	printf 'x\ny\n' >in/all
	printf 'SQLite format 3\0\1\1\1\1' >in/database
	: >in/empty
	run -1 once --output=fd:6 6>out
	[ "$(find in/done -type f | sort | tr '\n' ' ')" = 'in/done/empty in/done/some in/done/some.rejects ' ]
	[ "$(find in/failed -type f | sort | tr '\n' ' ')" = 'in/failed/all in/failed/all.reason in/failed/all.rejects in/failed/database in/failed/database.reason ' ]
	[ "$(jq -r '.line, .source' in/done/some.rejects | tr '\n' ' ')" = '2 in/some ' ]
	has_lines 2 in/failed/all.rejects
	[[ $(cat in/failed/all.reason) == "in/all: no record became an event: all 2 were rejected"* ]]
	grep -q SQLite in/failed/database.reason
	has_lines 1 in/failed/database.reason
	[[ $output == *"in/database "*"; now failed/database"* ]]
	has_lines 1 out
}

@test "the reason of a file that was moved back, and is done, is removed" {
	local n
	for n in 1 2 3; do
		echo x >in/list
		run -1 once
	done
	[ "$(find in/failed -name '*.reason' | wc -l)" = 3 ]
	# The first is not there any more, and the third was corrected.
	rm in/failed/list in/failed/list.2
	list in/list
	once >out
	[ "$(find in/failed -type f ! -name '*.rejects' | sort | tr '\n' ' ')" = 'in/failed/list.1 in/failed/list.1.reason ' ]
	[ -f in/done/list ]
}

@test "--max-rejects and --strict hold for each file and for the run" {
	printf '2025550101\nx\ny\n' >in/a
	printf '2025550102\nx\n' >in/b
	run -1 once --max-rejects=1 --output=fd:6 6>out
	[[ $(cat in/failed/a.reason) == "in/a: stopped: 2 of 3 records were rejected, more than --max-rejects allows; nothing was published" ]]
	has_lines 2 in/failed/a.rejects
	[ -e in/done/b ] && has_lines 1 in/done/b.rejects
	has_lines 1 out
	printf '2025550103\nx\n' >in/c
	run -1 once --strict --output=fd:6 6>out
	[ -e in/done/c ]
}

@test "--min-records holds for each file" {
	printf '2025550101\n2025550102\n' >in/a
	printf '2025550103\n' >in/b
	run -1 once --min-records=2 --output=fd:6 6>out
	[ -e in/done/a ]
	[ "$(cat in/failed/b.reason)" = 'in/b: stopped: 1 of 1 record was accepted, fewer than --min-records=2; nothing was published' ]
	has_lines 2 out
	printf '\n' >in/c
	run -1 once --min-records=1 --output=fd:6 6>out
	[[ "$(cat in/failed/c.reason)" == *'0 of 0 records were accepted'* ]]
}

@test "temporary names are passed over, and what is no file is reported once" {
	list in/.hidden in/x.tmp in/x.part in/x.FILEPART in/a.rejects in/a.reason in/real
	mkfifo in/pipe
	mkdir in/sub
	ln -s ../secret in/link
	list secret
	start
	wait_for test -e in/done/real
	wait_for has_line 'in/sub is a directory' err
	list in/second
	wait_for test -e in/done/second
	[ "$(wc -l <out)" -eq 2 ]
	local kind
	for kind in 'pipe is a pipe' 'sub is a directory' 'link is a symbolic link'; do
		[ "$(grep -c "in/$kind, not a file" err)" -eq 1 ]
	done
	refute grep -E 'hidden|x\.|a\.re|done is' err
	[ -L in/link ] && [ -p in/pipe ] && [ -e in/x.tmp ] && [ -e in/.hidden ] && [ -e in/a.reason ]
	# A temporary name becomes a real one.
	mv in/x.tmp in/x
	wait_for test -e in/done/x
}

@test "a download that goes on is no list, whichever program makes it" {
	local end
	for end in crdownload CRDownload download opdownload partial aria2; do list "in/x.$end"; done
	# aria2 gives a file its name at the beginning.
	list in/slow in/slow.aria2 in/real
	start
	wait_for test -e in/done/real
	wait_for has_line 'in/slow waits for the rest of its download: slow.aria2 is beside it' err
	[ "$(wc -l <out)" -eq 1 ] && [ -e in/slow ] && [ -e in/x.crdownload ]
	rm in/slow.aria2
	wait_for test -e in/done/slow
	mv in/x.crdownload in/x.txt
	wait_for test -e in/done/x.txt
	[ "$(find in -maxdepth 1 -name 'x.*' | wc -l)" -eq 5 ]
	[ "$(wc -l <out)" -eq 3 ]
	kill "$WATCHER"
	wait "$WATCHER"
	# What waits is told.
	list in/late in/late.aria2
	run -0 once
	[[ $output == *"1 file is still being written"* ]]
}

@test "names with line breaks, options and escapes are taken, and shown with escapes" {
	list $'in/a\nb' in/--version $'in/\e[31m' 'in/a b'
	run -0 once
	[ "$(find in/done -type f -printf . | wc -c)" -eq 4 ]
	[ -e $'in/done/a\nb' ]
	grep -qF 'in/a\nb: 1 event,' <<<"$output"
	refute grep -q $'\e' <<<"$output"
}

@test "a name that exists in the folder gets a number" {
	mkdir in/done
	echo old >in/done/a
	local i
	for i in 1 2; do
		printf '202555010%d\nx\n' $i >in/a
		run -0 once
	done
	[ "$(cat in/done/a)" = old ]
	[ "$(head -1 in/done/a.1)" = 2025550101 ] && [ -e in/done/a.1.rejects ]
	[ "$(head -1 in/done/a.2)" = 2025550102 ] && [ -e in/done/a.2.rejects ]
}

@test "the reason is whole, and is printed once" {
	local dir=in name
	name=$(printf 'n%.0s' {1..150})
	printf '2025550101\n2025550102\n' >"in/$name"
	printf 'PK\3\4broken' >in/bad.zip
	run -1 dnc-ingest --watch=$dir --once --output=fd:6 6>out
	[ "$(grep -c 'bad.zip' <<<"$output")" -eq 1 ]
	grep -q -e '--format' "in/failed/$name.reason"
	[ "$(wc -c <"in/failed/$name.reason")" -gt 256 ]
}

@test "--rate holds for all files together" {
	local i start=$EPOCHREALTIME
	for i in {10..39}; do echo "20255501$i" >"in/$i"; done
	once --rate=20/s >out
	has_lines 30 out
	/usr/bin/python3 -c "import sys; t = $EPOCHREALTIME - $start; sys.exit(not 1.4 < t < 15)"
}

@test "old and large files fail unread" {
	list in/old in/new in/large
	touch -d '3 days ago' in/old
	truncate -s 2M in/large
	run -1 once --watch-max-age=2d --watch-max-size=1M --output=fd:6 6>out
	[ -e in/done/new ] && [ -e in/failed/old ] && [ -e in/failed/large ]
	grep -q '^in/old was last modified 2[0-9]* s ago, longer than --watch-max-age allows$' in/failed/old.reason
	grep -qx 'in/large has 2097152 bytes, more than --watch-max-size allows' in/failed/large.reason
	has_lines 1 out
	run -2 dnc-ingest --once
	run -2 dnc-ingest --watch-max-age=1d
	run -2 dnc-ingest --watch=in file
	run -2 dnc-ingest --watch=in --input=fd:0
	run -2 dnc-ingest --watch=in -x rejects
	[[ $output == *NAME.rejects* ]]
}

@test "a file that can't be read fails" {
	[ "$(id -u)" -ne 0 ] || skip "root reads everything"
	list in/secret
	chmod 0 in/secret
	start
	wait_for test -e in/failed/secret.reason
	grep -q 'Permission denied' in/failed/secret.reason
}

@test "of two processes one watches, and the other says so" {
	start
	run -75 once
	[[ $output == *"another process watches in"* ]]
	kill -9 "$WATCHER"
	wait "$WATCHER" || :
	run -0 once
}

@test "a directory that is missing, moved or deleted is an error that says so" {
	run -74 dnc-ingest --watch=nowhere
	[[ $output == *"unable to watch nowhere: No such file or directory"* ]]
	list file
	run -74 dnc-ingest --watch=file
	start
	mv in elsewhere
	wait "$WATCHER" && return 1
	grep -q 'in .*moved' err
	mkdir in
	start
	rm -r in
	wait "$WATCHER" && return 1
	grep -q 'in was deleted' err
	mkdir in
	ln -s .. in/done
	run -74 once
	[[ $output == *"in/done is not a directory"* ]]
}

@test "the same file has the same ids in each attempt, and they are those without --watch" {
	printf 'phone,reason\n2025550101,complaint\n2025550101,complaint\n' >in/a.csv
	cp -p in/a.csv .
	dnc-ingest -q a.csv | jq -r .id >right
	dnc-ingest --watch=in --once >out
	jq -r .id out | diff right -
	# Back in the directory, in one process that has read another of this name.
	mv in/done/a.csv in
	dnc-ingest --watch=in >out 2>err 3>&- &
	PIDS+=($!)
	wait_for test -e in/done/a.csv
	mv in/done/a.csv in
	wait_for has_lines 4 out
	jq -r .id out | diff <(cat right right) -
}

@test "SIGTERM leaves the file that is being read, and the next run has its ids again" {
	# Longer than what is read at once.
	awk 'BEGIN { for (i = 0; i < 40000; i++) printf "202555%04d\n", i % 10000 }' >in/long
	start --rate=1000/s
	wait_for has_content out
	kill "$WATCHER"
	wait "$WATCHER"
	[ -e in/long ]
	no_work_left
	[ "$(wc -l <out)" -lt 40000 ]
	run -0 once --output=fd:6 6>again
	has_lines 40000 again
	jq -r .id out | head -n -1 | sort >first
	jq -r .id again | sort >all
	[ -z "$(comm -23 first all)" ]
	[ -e in/done/long ]
}

@test "SIGTERM leaves an archive of which not all members were read" {
	# It mostly comes between two members, because these are empty.
	/usr/bin/python3 - <<-'E'
		import zipfile
		with zipfile.ZipFile("in/.z", "w") as z:
		    z.writestr("first", "2025550101\n")
		    for i in range(9000):
		        z.writestr(f"{i}.txt", "")
		    z.writestr("last", "2025550102\n")
	E
	start
	mv in/.z in/z.zip
	wait_for has_line '100.txt' err
	kill "$WATCHER"
	wait "$WATCHER"
	[ -e in/z.zip ]
	no_work_left
	refute grep -q 2025550102 out
	once --output=fd:6 6>again 2>/dev/null
	has_lines 2 again
	[ -e in/done/z.zip ]
}

@test "a file that changes while it is read is read again" {
	awk 'BEGIN { for (i = 0; i < 1000; i++) printf "202555%04d\n", i }' >in/long
	start --rate=500/s
	wait_for has_content out
	echo 2025559999 >>in/long
	wait_for test -e in/done/long
	grep -q 'in/long was changed while it was read' err
	has_lines 1001 in/done/long
	[ "$(grep -c 2025559999 out)" -ge 1 ]
}

@test "a file that is replaced while it is read does not move the new one unread" {
	awk 'BEGIN { for (i = 0; i < 1000; i++) printf "202555%04d\n", i }' >in/a
	start --rate=1000/s
	wait_for has_content out
	list new
	mv new in/a
	wait_for test -e in/done/a
	grep -q 'in/a was moved, deleted or replaced' err
	has_lines 1 in/done/a
	has_lines 1001 out
}

@test "a file that is appended to all the time loses no line" {
	local i
	start
	for i in {1000..1999}; do echo "+1415777$i" >>in/app.txt; done
	all_are_out() { [ "$(jq -r .phone_number out | sort -u | wc -l)" -eq 1000 ]; }
	wait_for all_are_out
	wait_for test ! -e in/app.txt
	# Every line is in a folder, too.
	[ "$(cat in/done/* | sort -u | wc -l)" -eq 1000 ]
	[ "$(find in -maxdepth 1 -type f ! -name '.*')" = "" ]
}

# What happens while the folder can't be written is only seen by another look at the file.
@test "a file that changes or is replaced before it can be moved is read, and not moved unread" {
	# shellcheck disable=SC2016
	cat >script <<-'E'
		. "$HELPER"
		dnc-ingest --watch=in --format=numbers --reason=complaint >out 2>err &
		watcher=$!
		trap 'kill $watcher' EXIT
		wait_for test -d in/failed
		mount --bind in/done in/done
		mount -o remount,ro,bind in/done
		echo 2025550101 >in/a
		wait_for has_line "unable to move in/a to done/a.*retrying" err
		echo 2025550102 >>in/a
		umount in/done
		wait_for test -s in/done/a
		has_lines 2 in/done/a
		has_lines 3 out
		mount --bind in/done in/done
		mount -o remount,ro,bind in/done
		echo 2025550103 >in/b
		wait_for has_line "unable to move in/b to done/b.*retrying" err
		echo 2025550104 >in/.b
		mv in/.b in/b
		umount in/done
		wait_for test -s in/done/b
		grep -q 2025550104 in/done/b
		grep -q "in/b: 1 event, 0 records rejected; now not moved" err
		has_lines 5 out
	E
	HELPER="$ROOT/tests/helper.bash" BATS_TEST_DIRNAME="$BATS_TEST_DIRNAME" in_small_space size=64k 'bash -eu script'
}

@test "a header whose rows are written later waits for them" {
	start_auto() {
		dnc-ingest --watch=in >>out 2>>err 3>&- &
		WATCHER=$!
		PIDS+=("$WATCHER")
	}
	start_auto
	wait_for test -d in/failed
	echo phone,reason >in/f.csv
	wait_for has_line 'in/f.csv: read as csv' err
	echo 2025550101,complaint >>in/f.csv
	wait_for test -s out
	wait_for test -e in/done/f.csv
	has_lines 2 in/done/f.csv
	has_lines 1 out
}

@test "a file of another user that is written in steps is read when it has not changed for ten seconds" {
	[ "$(id -u)" -eq 0 ] || skip "needs another user"
	cp "$(command -v dnc-ingest)" . && chmod 0755 . && chmod 0777 in
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all true || skip "no other user"
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all ./dnc-ingest --version || skip "not for others"
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all ./dnc-ingest --watch=in >out 2>err 3>&- &
	PIDS+=($!)
	wait_for test -d in/failed
	echo phone,reason >in/f.csv
	list .moved
	sed -i '1i phone,reason' .moved && sed -i '2s/$/,complaint/' .moved
	mv .moved in/moved
	wait_for test -e in/done/moved
	[ -e in/f.csv ]
	echo 2025550101,complaint >>in/f.csv
	wait_for test -e in/done/f.csv
	has_lines 2 in/done/f.csv
	grep -q 2025550101 out
}

@test "a killed move is completed by the next run, with its papers" {
	mkdir -p in/done
	printf '2025550101\nx\n' >in/done/a
	echo '{"line":2}' >in/.dnc-ingest.rejects
	printf done/a >in/.dnc-ingest.moving
	run -0 once
	[ "$(cat in/done/a.rejects)" = '{"line":2}' ]
	no_work_left
}

@test "a reader that leaves ends it, and the file stays" {
	list in/a
	mkfifo pipe
	dnc-ingest --watch=in --format=numbers --reason=complaint >pipe 2>err 3>&- &
	WATCHER=$!
	exec 8<pipe
	head -n 1 <&8
	wait_for test -e in/done/a
	exec 8<&-
	wait "$WATCHER" || status=$?
	[ "$status" -eq 141 ]
}

# Runs the commands in a mount namespace where in/ is a file system of its own, with the options.
in_small_space() {
	unshare -rm true 2>/dev/null || skip "no user namespaces"
	unshare -rm bash -euc "mount -t tmpfs -o $1 tmpfs in; $2"
}

@test "what can't be moved or written shows, is tried again, and is not published twice" {
	# shellcheck disable=SC2016
	cat >script <<-'E'
		. "$HELPER"
		printf '2025550101\nx\n' >a
		cp a in/.a
		dnc-ingest --watch=in --format=numbers --reason=complaint >out 2>err &
		watcher=$!
		trap 'kill $watcher' EXIT
		wait_for test -d in/failed
		head -c 1M /dev/zero >in/.fill || :
		mv in/.a in/a
		wait_for has_line "No space left on device.*retrying" err
		[ -e in/a ]
		rm in/.fill
		wait_for test -s in/done/a.rejects
		has_lines 1 out
		has_lines 1 in/done/a.rejects
		# The folder can't be written.
		mount --bind in/done in/done
		mount -o remount,ro,bind in/done
		cp a in/b
		wait_for has_line "unable to move in/b to done/b.*retrying in 1 s" err
		wait_for has_line "unable to move in/b to done/b.*retrying in 2 s" err
		[ -e in/b ]
		umount in/done
		wait_for test -s in/done/b.rejects
		has_lines 2 out
	E
	HELPER="$ROOT/tests/helper.bash" BATS_TEST_DIRNAME="$BATS_TEST_DIRNAME" in_small_space size=64k 'bash -eu script'
}

@test "a file system that is read-only, and folders on another one, are errors at the start" {
	in_small_space size=64k 'mkdir in/done; mount -t tmpfs tmpfs in/done; dnc-ingest --watch=in --once 2>err || echo $? >status; umount in/done; mount -o remount,ro,bind in; dnc-ingest --watch=in --once 2>>err || echo $? >>status'
	[ "$(cat status)" = $'74\n74' ]
	grep -q 'in/done is on another file system' err
	grep -q 'Read-only file system' err
}

# bats test_tags=release
@test "kill -9 at each system call that changes a file: nothing is lost, and every file is in its folder with its papers" {
	release_only 'strace and the sanitizer do not go together'
	command -v strace >/dev/null || skip "strace is not here"
	local call n code
	for call in renameat2 renameat rename unlinkat fsync write; do
		for ((n = 1; ; n++)); do
			rm -rf in out
			mkdir in
			printf '2025550101\nnone\n' >in/a
			printf '2025550102\n' >in/b
			printf 'none\n' >in/c
			code=0
			# A process of its own, which says that it was killed where nobody reads it.
			bash -c 'strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:signal=SIGKILL:when=$2" \
				dnc-ingest -q --watch=in --once --format=numbers --reason=complaint >>out; exit' \
				- $call $n 2>/dev/null || code=$?
			[ "$code" -ne 1 ] || break
			once -q >>out 2>/dev/null || [ $? -le 1 ]
			[ "$(find in -type f -printf '%P\n' | LC_ALL=C sort | tr '\n' ' ')" = \
				'.dnc-ingest.lock done/a done/a.rejects done/b failed/c failed/c.reason failed/c.rejects ' ]
			[ "$(wc -l <in/done/a.rejects)$(wc -l <in/failed/c.rejects)" = 11 ]
			[ "$(jq -r .phone_number out | sort -u | tr '\n' ' ')" = '+12025550101 +12025550102 ' ]
		done
		[ "$n" -gt 2 ]
	done
}

# bats test_tags=release
@test "--once: a system call that fails is no success" {
	release_only 'strace and the sanitizer do not go together'
	command -v strace >/dev/null || skip "strace is not here"
	local fault call n code
	for fault in fcntl=EIO newfstatat=EIO openat=EMFILE getdents64=EIO inotify_init1=EMFILE inotify_add_watch=ENOSPC \
		mkdirat=ENOSPC flock=ENOLCK renameat2=EACCES renameat=EIO fsync=EIO write=ENOSPC; do
		call=${fault%=*}
		for ((n = 1; ; n++)); do
			rm -rf in out
			mkdir in
			printf '2025550101\nnone\n' >in/a
			printf '2025550102\n' >in/b
			code=0
			strace -f -qq -o trace -e trace="$call" -e inject="$call:error=${fault#*=}:when=$n" \
				dnc-ingest -q --watch=in --once --format=numbers --reason=complaint >>out 2>err || code=$?
			grep -q INJECTED trace || break
			[ "$code" -ne 127 ] || continue # the loader's call
			echo "$fault $n $code" "$(cat err)"
			if [ "$code" -eq 0 ]; then
				# It did not matter, or the file has a number because its name may have been there.
				[ "$(find in/done -name 'a*' ! -name '*.rejects' | wc -l)$(find in/done -name 'b*' | wc -l)" = 11 ]
				[ "$(find in/done -name '*.rejects')" = "$(find in/done -name 'a*' ! -name '*.rejects').rejects" ]
				[ "$(jq -r .phone_number out | sort -u | wc -l)" = 2 ]
				continue
			fi
			has_content err
			[ "$code" -eq 1 ] || [ "$code" -eq 74 ] || [ "$code" -eq 75 ]
			[ "$code" -ne 1 ] || [ -n "$(find in/failed -name '*.reason')" ]
			# The next run takes what is left.
			once -q >>out
			[ -z "$(find in -maxdepth 1 -type f ! -name '.*')" ]
			no_work_left
		done
		[ "$n" -gt 1 ]
	done
}
