# No option is accepted without an effect.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dnc-token keygen -o key >kid
}

# refuses STATUS TEXT COMMAND ARGUMENT... - COMMAND ends at once with STATUS and one line that contains TEXT
refuses() {
	local expected=$1 text=$2
	shift 2
	run timeout 20 "$@" </dev/null
	echo "$* : $status: $output"
	[ "$status" -eq "$expected" ] && [ "${#lines[@]}" -eq 1 ] && [[ "$output" == *"$text"* ]]
}

@test "dnc-wsd refuses options that would have no effect" {
	local hub=(dnc-wsd --listen=127.0.0.1:0 --exit-on-eof)
	refuses 2 '--retain: "0d"' "${hub[@]}" --data=log --retain=0d
	refuses 2 '--retain requires a log' "${hub[@]}" --data=:memory: --retain=1d
	for origin in desk '' '*' https:// https://desk.example/ 'https://*.example'; do
		refuses 2 '--allow-origin: ' "${hub[@]}" --data=log --allow-origin="$origin"
	done
	refuses 2 '--audience: the name is empty' "${hub[@]}" --data=log --keys=key.pub --audience=
	refuses 2 '--default-role and --keys exclude' "${hub[@]}" --data=log --keys=key.pub --default-role=monitor
	printf '' | timeout 20 "${hub[@]}" --data=log --allow-origin=https://desk.example:8443 --allow-origin=null --retain=1d
}

@test "dnc-wsd names the option whose file is missing, and ends with 74" {
	local hub=(dnc-wsd --listen=127.0.0.1:0 --exit-on-eof --data=log -q)
	refuses 74 '--keys: unable to open nope' "${hub[@]}" --keys=nope
	refuses 74 '--revoked: unable to open nope' "${hub[@]}" --keys=key.pub --revoked=nope
	refuses 74 '--roles: unable to open nope' "${hub[@]}" --roles=nope
	refuses 74 '--tls-cert: unable to open nope' "${hub[@]}" --tls-cert=nope --tls-key=key
	refuses 2 '--tls-cert: kid is not a file in PEM' "${hub[@]}" --tls-cert=kid --tls-key=nope
	echo '-----BEGIN CERTIFICATE-----' >pem
	refuses 74 '--tls-key: unable to open nope' "${hub[@]}" --tls-cert=pem --tls-key=nope
}

@test "a percentage is shown as it was given" {
	refuses 2 '--max-rejects: "200%" is not from 0% to 100%' dnc-ingest --max-rejects=200%
	refuses 2 '--max-rejects: "%" is not' dnc-ingest --max-rejects=%
	dnc-ingest -q --max-rejects=100% -f csv </dev/null
}

@test "dnc-token refuses options of other commands and warns about an unknown role" {
	refuses 2 'not an option of keygen' dnc-token keygen -o k --ttl=1h --sub=x
	[ ! -e k ]
	refuses 2 '--ttl: not an option of keygen' dnc-token keygen -o k --ttl=1h
	refuses 2 '--algorithm: not an option of mint' dnc-token mint -k key --sub=x --algorithm=HS256
	refuses 2 '--key: not an option of revoke' dnc-token revoke -k key -f list id
	refuses 2 '--log: not an option of mint' dnc-token mint -k key --sub=x --log=dbname=x
	refuses 2 '--file excludes --log and --ttl' dnc-token revoke -f list --log=dbname=x id
	refuses 2 '--file excludes --log and --ttl' dnc-token revoke -f list --ttl=8h id
	refuses 2 'password' dnc-token revoke --log='host=/nope password=secret' id
	refuses 74 'log on /nope' dnc-token revoke --log=host=/nope id
	run --separate-stderr dnc-token mint -k key --sub=x --role=opreator
	[ "$status" -eq 0 ]
	[[ "$stderr" == *'"opreator" is not a built-in role'* ]]
	run --separate-stderr dnc-token mint -k key --sub=x --role=operator
	[ -z "$stderr" ]
}
