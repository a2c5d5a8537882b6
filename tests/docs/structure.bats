# make lint holds the tree to lib/README.md: tests/lint/structure is shown a small tree, sound and then not.
setup() {
	load ../helper
	ROOT=$(cd "$ROOT" && pwd)
	cd "$BATS_TEST_TMPDIR" || return
}

# Two modules, a below b, and a command; each test breaks one thing.
sound_tree() {
	mkdir -p lib/a/priv lib/b cmd/x
	printf '# lib\n\n| Module | |\n| --- | --- |\n| `a` | |\n| `b` | |\n' >lib/README.md
	echo 'int a_one(void);' >lib/a/a.h
	echo 'int a_two(void);' >lib/a/priv/two.h
	printf '#include "a.h"\n#include "priv/two.h"\nint a_one(void)\n{\n\treturn a_two();\n}\n' >lib/a/one.c
	printf '#include "priv/two.h"\nint a_two(void)\n{\n\treturn 2;\n}\n' >lib/a/two.c
	echo 'int b_one(void);' >lib/b/b.h
	printf '#include "a/a.h"\n#include "b.h"\nint b_one(void)\n{\n\treturn a_one();\n}\n' >lib/b/one.c
	printf '#include "b/b.h"\nint main(void)\n{\n\treturn b_one();\n}\n' >cmd/x/main.c
}

check() {
	local file
	for file in lib/*/*.c cmd/*/*.c; do
		mkdir -p "build/$(dirname "$file")"
		gcc -Ilib -c -o "build/$file.o" "$file"
	done
	run "$ROOT/tests/lint/structure" . build
}

# complains TEXT: the status is 1, and one line says so.
complains() {
	check
	[ "$status" -eq 1 ]
	grep -F "$1" <<<"$output"
	[ "$(wc -l <<<"$output")" -eq "${2:-1}" ]
}

@test "a sound tree passes" {
	sound_tree
	check
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "two files that use each other are a circle" {
	sound_tree
	printf '#include "a.h"\n#include "priv/two.h"\nint a_two(void)\n{\n\treturn a_one();\n}\n' >lib/a/two.c
	complains 'lib/a/two.c: in a circle of 2 files: uses a_one of lib/a/one.c' 2
}

@test "a module may not use one that stands below it in the table" {
	sound_tree
	printf '#include "priv/two.h"\nint b_three(void);\nint a_two(void)\n{\n\treturn b_three();\n}\n' >lib/a/two.c
	printf 'int b_three(void)\n{\n\treturn 3;\n}\n' >lib/b/three.c
	complains 'lib/a/two.c: uses b_three of lib/b/three.c, but a stands above b'
	local include
	for include in '"b/b.h"' '<b/b.h>'; do
		printf '#include "priv/two.h"\n#include %s\nint a_two(void)\n{\n\treturn 2;\n}\n' "$include" >lib/a/two.c
		complains 'lib/a/two.c: uses the header of lib/b/b.h, but a stands above b'
	done
}

@test "a private header is for its module alone, and a public one for others" {
	sound_tree
	printf '#include "a/priv/two.h"\n#include "b.h"\nint b_one(void)\n{\n\treturn a_two();\n}\n' >lib/b/one.c
	check
	[ "$status" -eq 1 ]
	grep -F 'lib/b/one.c: includes lib/a/priv/two.h, which is private to lib/a' <<<"$output"
	grep -F 'lib/a/a.h: nobody outside lib/a includes it' <<<"$output"
}

@test "what is too long is named" {
	sound_tree
	{ cat lib/a/two.c; for i in {1..400}; do echo; done; } >long && mv long lib/a/two.c
	complains 'lib/a/two.c: 405 lines, more than 400'
	sound_tree
	{ printf 'int main(void)\n{\n'; for i in {1..61}; do echo ';'; done; echo '}'; } >cmd/x/main.c
	complains 'cmd/x/main.c:2: a function of 61 lines, more than 60' 2
}

@test "a module that is not in the table is named" {
	sound_tree
	mkdir lib/c
	printf '#include "a/a.h"\nint c(void)\n{\n\treturn a_one();\n}\n' >lib/c/c.c
	check
	[ "$status" -eq 1 ]
	grep -F 'lib/c/c.c: module c is not in the table of lib/README.md' <<<"$output"
	# Also one that uses nothing.
	echo 'int c(void) { return 1; }' >lib/c/c.c
	complains 'lib/c: the module is not in the table of lib/README.md'
}
