# dnc-token: makes nothing that the hub rejects, and says what the hub would say.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dnc-token keygen -o key >kid
}

mint() { dnc-token mint -k key "$@"; }
refuses() { # STATUS WORDS COMMAND...
	run --separate-stderr "${@:3}"
	[ "$status" -eq "$1" ] && [[ "$stderr" == *"$2"* ]] && [ -z "$output" ]
}
repeat() { printf "$1%.0s" $(seq "$2"); }

@test "what the hub would reject is not minted" {
	refuses 2 '--sub: must be 1 to 127 bytes long' mint --sub="$(repeat x 128)" --role=operator
	refuses 2 '--sub: must be 1 to 127 bytes long' mint --sub= --role=operator
	refuses 2 'the hub would reject this token: claims: sub' mint --sub=$'a\nb' --role=operator
	refuses 2 '--sub: must be UTF-8' mint --sub=$'a\xff' --role=operator
	refuses 2 '--role: must be 1 to 43 bytes long' mint --sub=x --role="$(repeat r 44)"
	refuses 2 'the hub would reject this token: claims: role' mint -q --sub=x --role=$'a\x7f'
	refuses 2 '--audience: must be UTF-8' mint --sub=x --role=operator --audience=$'\xff'
	refuses 2 'the hub would reject this token: too_long' mint --sub=x --role=operator --issuer="$(repeat i 8000)"
	refuses 2 '--ttl' mint --sub=x --role=operator --ttl=367d
	# The longest of each is taken.
	mint -q --sub="$(repeat x 127)" --role="$(repeat r 43)" --ttl=366d --audience=a --audience=b >token
	dnc-token inspect -k key.pub --audience=b <token | tail -1 | grep -q '^valid for'
}

@test "weak keys and keys for other uses neither sign nor verify" {
	mint --sub=x --role=operator >token
	local k32
	k32=$(printf 'A%.0s' $(seq 43))
	put() { echo "$1" >bad; chmod 600 bad; }
	put "{\"kty\":\"oct\",\"k\":\"$k32\"}"
	refuses 2 'all bytes of its secret are the same' dnc-token mint -k bad --sub=x --role=operator
	put "$(jq -c '.key_ops=["verify"]' key)"
	refuses 2 'its key_ops do not list sign' dnc-token mint -k bad --sub=x --role=operator
	dnc-token inspect -k bad <token | grep -q '^valid for'
	put "$(jq -c '.key_ops=["sign"]' key)"
	dnc-token mint -k bad --sub=x --role=operator | dnc-token inspect -k bad | grep -q '^valid for'
	put "$(jq -c '.use="enc"' key)"
	refuses 2 'its use is enc, not sig' dnc-token mint -k bad --sub=x --role=operator
	put "$(jq -c '.alg="Ed25519"' key)"
	dnc-token inspect -k bad <token | grep -q '^valid for'
}

@test "inspect knows revoked tokens and unknown keys, and its exit status says so" {
	mint --sub=x --role=operator >token
	local jti
	jti=$(dnc-token inspect <token | jq -r '.jti // empty')
	dnc-token keygen -o other >/dev/null
	: >revoked
	dnc-token inspect -k key.pub --revoked revoked <token | grep -q '^valid for'
	dnc-token revoke -q -f revoked "$jti"
	dnc-token inspect -k key.pub <token | grep -q '^valid for'
	run --separate-stderr dnc-token inspect -k key.pub --revoked revoked <token
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'invalid: revoked: subject x' ]]
	run --separate-stderr dnc-token inspect -k other.pub --revoked revoked <token
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'invalid: unknown_key: unknown kid' ]]
	run --separate-stderr dnc-token inspect -k key.pub --audience=hub <token
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'invalid: audience: '* ]]
	refuses 2 '--revoked: needs --key' dnc-token inspect --revoked revoked <token
	echo 'a,b' >revoked
	run --separate-stderr dnc-token inspect -k key.pub --revoked revoked <token
	[ "$status" -eq 2 ]
	[[ "$stderr" == *'revoked:1:2: unexpected ,'* ]]
	run --separate-stderr dnc-token inspect -k key.pub --revoked nowhere <token
	[ "$status" -eq 69 ]
}

@test "inspect does not call a token valid for less than nothing" {
	local jwt="$BATS_TEST_DIRNAME/../e2e/jwt.js"
	node "$jwt" keys .
	for ago in 0 20 90; do
		node "$jwt" sign . ed "{\"sub\":\"a\",\"exp\":$(($(date +%s) - ago))}" >token
		run --separate-stderr dnc-token inspect -k jwks.json -q <token
		[ "$status" -eq 1 ]
		[[ "$stderr" =~ 'invalid: expired: expired '[0-9]+' s ago' ]]
	done
}

@test "revoke adds a line that the hub reads, whatever was before it" {
	printf 'one' >revoked
	dnc-token revoke -q -f revoked two
	dnc-token revoke -q -f revoked two
	dnc-token revoke -q -f revoked 'a, "b"'
	diff - revoked <<-'END'
		one
		two
		"a, \u0022b\u0022"
	END
	refuses 2 'a jti must have 1 to 127 bytes' dnc-token revoke -f revoked ''
	refuses 2 'control characters' dnc-token revoke -f revoked $'a\nb'
	echo 'three,' >>revoked
	refuses 2 'revoked:4:6: unexpected ,' dnc-token revoke -f revoked four
	refute grep -q four revoked
}
