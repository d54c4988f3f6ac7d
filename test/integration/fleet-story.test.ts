import { describeFleetStory } from '../e2e/fleet-story-contract.ts'

describeFleetStory('simulated')
