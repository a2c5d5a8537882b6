// suggestions.js - values that fields offer; others may be written, too. From dnc-events(7).

import { SEVERITIES, TYPES } from './event.js';

export const SUGGESTIONS = {
	types: [...TYPES, 'dnc.number.*'],
	severities: SEVERITIES,
	check_reasons: ['routing', 'compliance', 'verification'],
	suppress_reasons: ['consumer_request', 'regulatory', 'complaint', 'internal_policy', 'partner_request',
		'fraud_prevention', 'data_quality_issue', 'testing'],
	release_reasons: ['expired', 'consumer_request', 'data_correction', 'admin_override', 'system_cleanup',
		'regulatory_change', 'testing'],
	sync_triggers: ['scheduled', 'manual', 'retry', 'webhook', 'forced', 'initial', 'incremental'],
	sync_statuses: ['success', 'partial', 'failed', 'timeout', 'cancelled', 'skipped'],
};
