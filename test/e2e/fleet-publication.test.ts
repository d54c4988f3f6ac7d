import { describeFleetPublication } from './fleet-publication-contract.ts'

describeFleetPublication('real')
