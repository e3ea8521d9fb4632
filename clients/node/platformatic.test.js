import * as platformatic from './adapters/platformatic.js'
import { stories } from './stories.js'

stories(platformatic)
