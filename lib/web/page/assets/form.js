// form.js - fields of a form with a label, and a place for what the hub says of each.

import { make } from './dom.js';
import { SUGGESTIONS } from './suggestions.js';

// A list of offered values, once for the document.
function offer(name) {
	const id = `known-${name}`;
	if (!document.getElementById(id)) {
		const list = make('datalist', '', ...SUGGESTIONS[name].map((value) => Object.assign(make('option'), { value })));
		list.id = id;
		document.body.append(list);
	}
	return id;
}

function inputOf({ name, shape, hint, known, type }, id) {
	if (name === 'min_severity') {
		const any = Object.assign(make('option', '', 'any'), { value: '' });
		const select = make('select', '', any, ...SUGGESTIONS.severities.map((s) => make('option', '', s)));
		return Object.assign(select, { id, name });
	}
	const input = Object.assign(make('input'), { id, name, type: type ?? (shape === 'flag' ? 'checkbox' : 'text') });
	if (shape === 'flag') input.value = 'true';
	else Object.assign(input, { placeholder: hint ?? '', spellcheck: false, autocapitalize: 'off' });
	if (known) input.setAttribute('list', offer(known));
	return input;
}

// A label, an input and a place for an error, of a row of WORDS or of the like. PREFIX keeps ids apart.
export function fieldOf(word, prefix) {
	const id = `${prefix}-${word.name}`;
	const input = inputOf(word, id);
	const error = make('p', 'error');
	error.id = `${id}-error`;
	error.dataset.errorFor = word.name;
	error.setAttribute('role', 'alert');
	input.setAttribute('aria-describedby', error.id);
	const label = Object.assign(make('label', '', word.label), { htmlFor: id });
	const parts = word.shape === 'flag' ? [input, label] : [label, input];
	return make('div', word.shape === 'flag' ? 'field flag' : 'field', ...parts, error);
}

// Shows TEXT beside the field NAME of FORM, or at its end when it has no such field.
export function showError(form, name, text, rest) {
	const place = form.querySelector(`[data-error-for="${CSS.escape(name)}"]`) ?? form.querySelector(`[data-error-for="${rest}"]`);
	place.textContent = text;
	const input = form.elements.namedItem(place.dataset.errorFor);
	input?.setAttribute('aria-invalid', 'true');
	return input;
}

export function clearErrors(form) {
	for (const place of form.querySelectorAll('[data-error-for]')) place.textContent = '';
	for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}
