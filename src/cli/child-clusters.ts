import { fleetGroup, fleetVersion } from '../meta/fleet/fleet-names.ts'

export const childClusters = { group: fleetGroup, version: fleetVersion, resource: 'childclusters' }
