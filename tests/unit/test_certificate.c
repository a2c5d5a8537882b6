/* Certificates and their keys: what is refused and why, and what a handshake uses after a renewal. */
#include "unit.h"
#include <errno.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include "web/priv/certificate.h"

static char dir[] = "/tmp/dnc-certificate-XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][96];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", dir, name);
	return path;
}

static void a_pair_is_tested_before_it_is_used(void **state)
{
	static const struct {
		const char *cert, *key;
		int code; /* 0: it can be used */
		const char *says;
	} cases[] = {
		{"ec.crt", "ec.key", 0, NULL},
		{"rsa.crt", "rsa.key", 0, NULL},
		{"ed.crt", "ed.key", 0, NULL},
		{"chain.crt", "ec.key", 0, NULL},
		{"both", "both", 0, NULL},
		{"ec.crt", "params.key", 0, NULL}, /* EC PARAMETERS stand before it */
		{"ec.crt", "other.key", EINVAL, "other.key is not the key of the certificate in "},
		{"ec.crt", "rsa.key", EINVAL, "rsa.key is not the key of the certificate in "},
		{"rsa.crt", "ec.key", EINVAL, "--tls-key: "},
		{"chain.crt", "rsa.key", EINVAL, "is not the key of the first certificate in "},
		{"weak.crt", "weak.key", EINVAL, "can't be used: ee key too small"},
		{"ec.crt", "secret.key", EINVAL, "has a password: remove it with openssl pkey"},
		{"ec.crt", "ec.crt", EINVAL, "holds no private key that can be read"},
		{"ec.key", "ec.key", EINVAL, "ec.key holds no certificate"},
		{"torn.crt", "ec.key", EINVAL, "certificate 2 in "},
		{"begin", "ec.key", EINVAL, "certificate 1 in "},
		{"ec.crt", "begin", EINVAL, "holds no private key that can be read"},
		{"empty", "ec.key", EINVAL, "empty is not a file in PEM format"},
		{"ec.crt", "large", EINVAL, "large is larger than 256 KiB"},
		{"ec.crt", "open.key", EACCES,
			"open.key is a private key, but other users can read it; run chmod 600"},
		{"ec.crt", "group.key", 0, NULL},
		{"missing", "ec.key", ENOENT, "--tls-cert: unable to open "},
		{"ec.crt", "missing", ENOENT, "--tls-key: unable to open "},
		{".", "ec.key", EISDIR, "--tls-cert: unable to read "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err = {0};
		struct dnc_certificate *c =
			dnc_certificate_load(path_of(cases[i].cert), path_of(cases[i].key), &err);

		if (!c != (cases[i].code != 0))
			fail_msg("%s, %s: %s", cases[i].cert, cases[i].key, err.message);
		assert_int_equal(err.code, cases[i].code);
		if (!c && !strstr(err.message, cases[i].says))
			fail_msg("%s, %s: %s", cases[i].cert, cases[i].key, err.message);
		dnc_certificate_unref(c);
	}
}

static struct dnc_certificate *load(const char *name)
{
	char cert[16], key[16];
	struct dnc_error err;
	struct dnc_certificate *c;

	snprintf(cert, sizeof cert, "%s.crt", name);
	snprintf(key, sizeof key, "%s.key", name);
	c = dnc_certificate_load(path_of(cert), path_of(key), &err);
	if (!c)
		fail_msg("%s", err.message);
	return c;
}

/* Sets NAME to the subject of the certificate that a client of SERVER gets. */
static void shake_hands(SSL_CTX *server, const char *version, char name[32])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ends[2] = {SSL_new(server), SSL_new(context)};
	BIO *bios[2];

	assert_int_equal(BIO_new_bio_pair(&bios[0], 0, &bios[1], 0), 1);
	for (int i = 0; i < 2; i++)
		SSL_set_bio(ends[i], bios[i], bios[i]);
	if (strcmp(version, "1.2") == 0)
		SSL_set_max_proto_version(ends[1], TLS1_2_VERSION);
	SSL_set_accept_state(ends[0]);
	SSL_set_connect_state(ends[1]);
	for (int turns = 0; turns < 20; turns++)
		SSL_do_handshake(ends[turns % 2]);
	assert_true(SSL_is_init_finished(ends[0]) && SSL_is_init_finished(ends[1]));
	X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ends[1])),
		NID_commonName, name, 32);
	for (int i = 0; i < 2; i++)
		SSL_free(ends[i]);
	SSL_CTX_free(context);
}

/* OpenSSL has a place for each type of key, and would choose among them. */
static void a_new_certificate_replaces_an_old_one_of_any_type(void **state)
{
	static const char *const names[] = {"ec", "rsa", "ed", "ec", "other", "rsa"};
	static const char *const versions[] = {"1.2", "1.3"};
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	struct dnc_certificate *current = NULL;
	char name[32];

	(void)state;
	certificate_serve(server, &current);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		dnc_certificate_unref(current);
		current = load(names[i]);
		for (size_t v = 0; v < 2; v++) {
			shake_hands(server, versions[v], name);
			assert_string_equal(name, names[i]);
		}
	}
	assert_ptr_equal(dnc_certificate_ref(current), current);
	dnc_certificate_unref(current);
	shake_hands(server, "1.3", name);
	SSL_CTX_free(server);
	dnc_certificate_unref(current);
	assert_null(dnc_certificate_ref(NULL));
	dnc_certificate_unref(NULL);
}

static int make_files(void **state)
{
	static const char script[] =
		"new() { name=$1; shift; openssl req -x509 -nodes -days 30 -subj \"/CN=$name\" "
		"-keyout $name.key -out $name.crt \"$@\" 2>/dev/null; };"
		"new ec -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 &&"
		"new other -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 &&"
		"new rsa -newkey rsa:2048 && new weak -newkey rsa:1024 && new ed -newkey ed25519 &&"
		"umask 077; cat ec.crt rsa.crt >chain.crt && cat ec.key chain.crt >both &&"
		"cp ec.key open.key && chmod 604 open.key && cp ec.key group.key && chmod 640 group.key &&"
		"openssl ecparam -name prime256v1 >params.key && cat ec.key >>params.key &&"
		"openssl pkey -in ec.key -aes256 -passout pass:x -out secret.key &&"
		"{ cat ec.crt; head -c 300 rsa.crt; } >torn.crt &&"
		"echo '-----BEGIN CERTIFICATE-----' >begin && : >empty &&"
		"head -c 300000 /dev/zero >large";
	char command[sizeof script + sizeof dir + 16];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(command, sizeof command, "cd %s && { %s; }", dir, script);
	return system(command);
}

static int remove_files(void **state)
{
	char command[sizeof dir + 16];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_tested_before_it_is_used),
		cmocka_unit_test(a_new_certificate_replaces_an_old_one_of_any_type),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
