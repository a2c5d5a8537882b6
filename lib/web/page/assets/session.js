// session.js - who is signed in, and what the page shows of it: the form for the token, the name, signing out.

import { byId, setText } from './dom.js';
import { visible } from './text.js';
import { longTime } from './time.js';
import { dropToken, keepToken, readToken } from './token.js';

export class Session {
	// SIGNIN is called once a token was given, SIGNOUT when it was dropped.
	constructor({ signIn, signOut }) {
		byId('token-form').addEventListener('submit', (e) => {
			e.preventDefault();
			const token = byId('token').value.trim();
			if (/[^\x21-\x7e]/.test(token)) return setText(byId('token-error'), 'a token has letters, digits, dots, hyphens and underscores only');
			keepToken(token);
			byId('token').value = '';
			setText(byId('token-error'), '');
			signIn();
		});
		byId('sign-out').addEventListener('click', () => {
			dropToken();
			signOut();
		});
	}

	// The hub has told who this is.
	show({ subject, role, expires_at: expires, permissions }) {
		setText(byId('who'), subject ? `${visible(subject, 60)} · ${visible(role, 43)}` : visible(role, 43));
		byId('who').title = expires ? `until ${longTime(expires)}` : 'this hub runs without tokens';
		byId('masked').hidden = permissions.includes('dnc:pii');
		byId('sign-out').hidden = !readToken();
	}

	// A token is needed. WHY: what was wrong with the last one, or ''.
	ask(why) {
		dropToken();
		setText(byId('who'), '');
		byId('who').title = '';
		byId('masked').hidden = true;
		byId('sign-out').hidden = true;
		setText(byId('token-error'), why);
		byId('token').focus();
	}
}
