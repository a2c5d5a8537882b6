// token.js - the token, kept in session storage alone: it lives as long as the tab.

const KEY = 'dnc.token';

export const readToken = () => sessionStorage.getItem(KEY) ?? '';

export const keepToken = (token) => sessionStorage.setItem(KEY, token);

export const dropToken = () => sessionStorage.removeItem(KEY);
