// jwt.js - tokens and keys made by another implementation, node's crypto.
//   node jwt.js keys DIR            writes DIR/jwks.json (RSA, PS256, P-256, Ed25519, one for encryption) and the private keys
//   node jwt.js sign DIR KID CLAIMS   prints a token
//   node jwt.js verify JWK TOKEN      prints the claims when the signature is right
const crypto = require('crypto');
const fs = require('fs');
const [what, ...args] = process.argv.slice(2);
const b64 = (x) => Buffer.from(x).toString('base64url');
const pss = { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const algorithms = {
  RS256: { hash: 'sha256', options: {} },
  PS256: { hash: 'sha256', options: pss },
  ES256: { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { hash: null, options: {} },
};
if (what === 'keys') {
  const make = { rs: ['rsa', { modulusLength: 2048 }, 'RS256'], ps: ['rsa', { modulusLength: 2048 }, 'PS256'],
    es: ['ec', { namedCurve: 'P-256' }, 'ES256'], ed: ['ed25519', {}, 'EdDSA'] };
  const keys = [];
  for (const [kid, [type, options, alg]] of Object.entries(make)) {
    const pair = crypto.generateKeyPairSync(type, options);
    fs.writeFileSync(`${args[0]}/${kid}.json`, JSON.stringify({ alg, jwk: pair.privateKey.export({ format: 'jwk' }) }));
    keys.push({ ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', ...(kid === 'rs' ? {} : { alg }) });
  }
  const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  keys.push({ ...other.publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc', alg: 'RSA-OAEP' });
  fs.writeFileSync(`${args[0]}/jwks.json`, JSON.stringify({ keys }));
} else if (what === 'sign') {
  const { alg, jwk } = JSON.parse(fs.readFileSync(`${args[0]}/${args[1]}.json`));
  const text = `${b64(JSON.stringify({ alg, typ: 'JWT', kid: args[1] }))}.${b64(args[2])}`;
  const key = { key: crypto.createPrivateKey({ key: jwk, format: 'jwk' }), ...algorithms[alg].options };
  console.log(`${text}.${crypto.sign(algorithms[alg].hash, Buffer.from(text), key).toString('base64url')}`);
} else {
  const [head, claims, signature] = args[1].split('.');
  const key = crypto.createPublicKey({ key: JSON.parse(fs.readFileSync(args[0])), format: 'jwk' });
  if (!crypto.verify(null, Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))) process.exit(1);
  console.log(Buffer.from(claims, 'base64url').toString());
}
