// side_panels.js - the panels beside the events, and what the role may see in them.

import { getJson } from './api.js';
import { Chart } from './chart.js';
import { clientsPanel } from './clients.js';
import { byId } from './dom.js';
import { Health } from './health.js';
import { providersPanel } from './providers.js';

export class SidePanels {
	#chart = new Chart();
	#health = new Health();
	#providers = providersPanel();
	#clients = clientsPanel();

	start(permissions) {
		byId('clients-box').hidden = !permissions.includes('clients:read');
		for (const panel of this.#panels()) panel.start(permissions);
	}

	stop() {
		this.#health.stop();
		for (const panel of this.#panels()) panel.stop();
	}

	eventCame() {
		this.#chart.eventCame();
	}

	#panels() {
		return [this.#chart.panel, this.#health.panel, this.#providers, this.#clients];
	}
}

// The named filters that the role is offered; null when the hub does not tell.
export async function namedFilters() {
	const { status, body } = await getJson('api/v1/filters');
	if (status === 403 || status === 404) return [];
	return status === 200 && Array.isArray(body.filters) ? body.filters : null;
}
